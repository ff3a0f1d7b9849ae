"""Faults that spoil replies to several questions."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest

from tests.tierwise.emulator.joint_requests import (
    CATEGORY,
    COLOURS,
    FACTS,
    MIXED,
    TITLE,
    ask,
    named,
    short,
    text_of,
)

NUMBERS = (417, 133, 998, 256)
HUES = ("red", "green", "blue", "white")
SHORT_LIMITS = ((1, 6), (7, 12))


@pytest.fixture
def pack(picture: Any) -> dict[int, bytes]:
    return dict(zip(NUMBERS, (picture(colour=hue) for hue in HUES), strict=True))


def spoilt(rows: Any, wanted: Any) -> set[tuple[int, int]]:
    """The cells that differ, by row and question, both from 0."""
    return {
        (place, column - 1)
        for place, (row, right) in enumerate(zip(rows, wanted, strict=True))
        for column, (cell, one) in enumerate(zip(row, right, strict=True))
        if cell != one
    }


@pytest.mark.parametrize("question", [1, 2, 3, "1"])
def test_one_cell_outside_its_labels(emulator: Any, pack: Any, question: Any) -> None:
    wanted = ask(emulator, short(MIXED, pack))
    digest = sha256(pack[998]).hexdigest()
    emulator.faults({"kind": "outside_labels", "question": question, "sha256": digest})
    rows = ask(emulator, short(MIXED, pack))
    place = int(question) - 1
    assert spoilt(rows, wanted) == {(2, place)}
    cell = rows[2][1 + place]
    if place == 2:
        assert not isinstance(cell, str)
    else:
        low, high = SHORT_LIMITS[place]
        assert not low <= (cell if place == 0 else cell[0]) <= high
    emulator.faults({"kind": "outside_labels", "question": question})
    assert spoilt(ask(emulator, short(MIXED, pack)), wanted) == {(row, place) for row in range(4)}


def test_without_words_on_which_a_single_cell_goes_wrong(emulator: Any, pack: Any) -> None:
    wanted = ask(emulator, short(MIXED, pack))
    emulator.faults({"kind": "outside_labels"})
    rows = ask(emulator, short(MIXED, pack))
    assert len(spoilt(rows, wanted)) == 1
    assert rows == ask(emulator, short(MIXED, pack))


@pytest.mark.parametrize("dialect", ["responseJsonSchema", "words"])
def test_a_cell_by_its_name(emulator: Any, pack: Any, dialect: str) -> None:
    body = named([CATEGORY, FACTS], pack[417], dialect=dialect)
    wanted = ask(emulator, body)
    emulator.faults({"kind": "outside_labels", "question": "category"})
    row = ask(emulator, body)
    assert row["category"] not in CATEGORY.answer.options()
    assert row["facts"] == wanted["facts"]
    emulator.faults({"kind": "outside_labels", "question": "facts"})
    row = ask(emulator, body)
    assert row["category"] == wanted["category"]
    assert row["facts"] != wanted["facts"]


def test_a_question_that_is_not_there_is_passed_over(emulator: Any, pack: Any) -> None:
    body = short(MIXED, pack)
    wanted = ask(emulator, body)
    emulator.faults({"kind": "outside_labels", "question": 4, "count": 1})
    assert ask(emulator, body) == wanted
    assert emulator.ask({"contents": [{"parts": [{"text": "Hello"}]}]})[0] == 200
    assert emulator.send("/emulator/faults", method="GET")[1]["faults"][0]["struck"] == 0
    status, reply, _ = emulator.send(
        "/emulator/faults", {"faults": [{"kind": "internal", "question": 1}]}, method="PUT"
    )
    assert status == 400
    assert 'internal knows no "question"' in reply["error"]["message"]


@pytest.mark.parametrize(
    ("how", "numbers"),
    [
        ("missing", [417, 998, 256]),
        ("extra", [417, 133, 998, 256, 999]),
        ("repeated", [417, 417, 998, 256]),
        ("reordered", [256, 998, 133, 417]),
    ],
)
def test_wrong_items(emulator: Any, pack: Any, how: str, numbers: list[int]) -> None:
    wanted = {row[0]: row for row in ask(emulator, short(MIXED, pack))}
    digest = sha256(pack[133]).hexdigest()
    emulator.faults({"kind": "wrong_items", "how": how, "sha256": digest})
    rows = ask(emulator, short(MIXED, pack))
    assert [row[0] for row in rows] == numbers
    assert all(row == wanted[row[0]] for row in rows if row[0] in wanted)
    items = ask(emulator, named([CATEGORY, FACTS], pack, dialect="responseJsonSchema"))
    assert [item["image"] for item in items] == numbers
    assert ask(emulator, short(MIXED, pack[417]))[:2] == wanted[417][1:3]


@pytest.mark.parametrize(("kind", "order"), [("shifted", [1, 2, 3, 0]), ("swapped", [0, 2, 1, 3])])
def test_a_drawn_number_goes_with_its_picture(
    emulator: Any, pack: Any, kind: str, order: list[int]
) -> None:
    wanted = ask(emulator, short(MIXED, pack))
    emulator.faults({"kind": kind, "sha256": sha256(pack[133]).hexdigest()})
    assert ask(emulator, short(MIXED, pack)) == [wanted[place] for place in order]
    in_places = dict(enumerate(pack.values(), start=1))
    rows = ask(emulator, short(MIXED, in_places))
    assert rows == [[n, *wanted[place][1:]] for n, place in enumerate(order, start=1)]


def test_numbers_from_0(emulator: Any, pack: Any) -> None:
    wanted = ask(emulator, short(MIXED, pack))
    emulator.faults({"kind": "zero_based"})
    rows = ask(emulator, short(MIXED, pack))
    assert rows == [[place, *row[1:]] for place, row in enumerate(wanted)]


def test_a_row_with_one_answer_too_few(emulator: Any, pack: Any) -> None:
    wanted = ask(emulator, short(MIXED, pack))
    emulator.faults({"kind": "short_row", "sha256": sha256(pack[998]).hexdigest()})
    rows = ask(emulator, short(MIXED, pack))
    assert rows == [*wanted[:2], wanted[2][:-1], wanted[3]]
    emulator.faults({"kind": "short_row"})
    assert ask(emulator, short(MIXED, pack[417])) == wanted[0][1:-1]
    item = ask(emulator, named([CATEGORY, FACTS], pack[417], dialect="responseSchema"))
    assert list(item) == ["category"]
    lengths = sorted(len(row) for row in ask(emulator, short(MIXED, pack)))
    assert lengths == [3, 4, 4, 4]


@pytest.mark.parametrize(
    ("kind", "reason"), [("truncated_json", "STOP"), ("max_tokens", "MAX_TOKENS")]
)
def test_cut_replies(emulator: Any, pack: Any, kind: str, reason: str) -> None:
    whole = text_of(emulator.ask(short(MIXED, pack))[1])
    emulator.faults({"kind": kind})
    reply = emulator.ask(short(MIXED, pack))[1]
    assert text_of(reply) == whole[: len(whole) // 2]
    assert reply["candidates"][0]["finishReason"] == reason


def test_blocked(emulator: Any, pack: Any) -> None:
    emulator.faults({"kind": "blocked_prompt"})
    assert "candidates" not in emulator.ask(short(MIXED, pack))[1]
    emulator.faults({"kind": "blocked_answer", "finish_reason": "RECITATION"})
    reply = emulator.ask(short(MIXED, pack))[1]
    assert reply["candidates"][0]["finishReason"] == "RECITATION"
    assert "parts" not in reply["candidates"][0]["content"]


def test_a_label_repeated_to_the_limit(emulator: Any, pack: Any) -> None:
    emulator.faults({"kind": "repeated_label"})
    body = short([TITLE, COLOURS, CATEGORY], pack)
    body["generationConfig"]["maxOutputTokens"] = 100
    reply = emulator.ask(body)[1]
    assert reply["candidates"][0]["finishReason"] == "MAX_TOKENS"
    number, title, label, *more = text_of(reply).removeprefix("[[").split(",")
    assert (number, title[0], label) == ("417", '"', "[1")
    assert {one.strip() for one in more} <= {"1", ""}
    assert 300 < len(text_of(reply)) <= 400
    no_lists = short([TITLE, CATEGORY], pack)
    assert json.loads(text_of(emulator.ask(no_lists)[1]))


def test_lists_of_answers_can_be_refused(emulator: Any, pack: Any) -> None:
    emulator.faults({"kind": "schema_limit", "refuses": "prefixItems"})
    for pictures in (pack, pack[417]):
        status, reply = emulator.ask(short(MIXED, pictures))
        assert (status, reply["error"]["status"]) == (400, "INVALID_ARGUMENT")
        for dialect in ("responseJsonSchema", "responseSchema", "words"):
            assert emulator.ask(named(MIXED, pictures, dialect=dialect))[0] == 200
    assert {line["questions"] for line in emulator.log()} == {3}
