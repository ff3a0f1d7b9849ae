"""Several questions about contact sheets, about groups, and about no picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.tierwise.emulator.joint_requests import (
    CATEGORY,
    COLOURS,
    TEXT,
    Question,
    ask,
    blob,
    body_of,
    read_short,
    short,
    text_of,
)
from tierwise.images.contact_sheet import draw_contact_sheet
from tierwise.wording import Prompt, group_texts, request_texts

ARCHIVE = Path(__file__).parents[3] / "examples" / "archive"
PHOTOGRAPHS = sorted(path for path in ARCHIVE.rglob("*.jp*g") if "failed" not in path.name)[:4]
QUESTIONS = (CATEGORY, COLOURS, TEXT)


@pytest.fixture(scope="module")
def sheet() -> bytes:
    pictures = [path.read_bytes() for path in PHOTOGRAPHS]
    return draw_contact_sheet(pictures, first_number=1, output_format="jpeg", quality=90).data


def text_and_schema(questions: Sequence[Question], pictures: Any) -> tuple[str, dict[str, Any]]:
    body = short(questions, pictures)
    text: str = body["contents"][0]["parts"][0]["text"]
    return text, body["generationConfig"]["responseJsonSchema"]


def on_sheet(emulator: Any, sheet: bytes) -> Any:
    text, schema = text_and_schema(QUESTIONS, dict.fromkeys((1, 2, 3, 4), b""))
    where = "Images 1 to 4 on one sheet: 2 rows and 2 columns, each image below its number."
    parts = [{"text": text}, {"text": where}, blob(sheet)]
    return ask(emulator, body_of(parts, responseJsonSchema=schema))


def test_each_image_of_a_sheet_by_its_number_there(emulator: Any, sheet: bytes) -> None:
    rows = on_sheet(emulator, sheet)
    assert [row[0] for row in rows] == [1, 2, 3, 4]
    found = [read_short(QUESTIONS, row[1:]) for row in rows]
    for column, one in enumerate(QUESTIONS):
        form, prompt = one.answer.forms()[0], Prompt(one.prompt, one.prompt, (), ())
        texts = request_texts([prompt] * 4, one.answer.instruction(form, 4), 4)
        parts = [{"text": texts.opening}, {"text": texts.before_pictures[0]}, blob(sheet)]
        config = one.answer.response_config(form, 4)
        reply = emulator.ask(body_of(parts, **config))[1]
        apart = one.answer.parse_packed(text_of(reply), 4, form)
        assert [apart[n] for n in range(1, 5)] == [row[column] for row in found]
    assert emulator.bill()["images"] == 1 + len(QUESTIONS)


def test_on_a_sheet_numbers_stay_and_answers_move(emulator: Any, sheet: bytes) -> None:
    wanted = on_sheet(emulator, sheet)
    emulator.faults({"kind": "shifted"})
    rows = on_sheet(emulator, sheet)
    assert [row[0] for row in rows] == [1, 2, 3, 4]
    assert [row[1:] for row in rows] == [row[1:] for row in (*wanted[1:], wanted[0])]


def test_pictures_that_belong_together_have_one_row(emulator: Any) -> None:
    pictures = [path.read_bytes() for path in PHOTOGRAPHS]
    text, schema = text_and_schema(QUESTIONS, b"")
    parts = [{"text": text}, *map(blob, pictures)]
    found = read_short(QUESTIONS, ask(emulator, body_of(parts, responseJsonSchema=schema)))
    for value, one in zip(found, QUESTIONS, strict=True):
        form, prompt = one.answer.forms()[0], Prompt(one.prompt, one.prompt, (), ())
        opening = group_texts(prompt, one.answer.instruction(form), 4).opening
        body = body_of(
            [{"text": opening}, *map(blob, pictures)], **one.answer.response_config(form)
        )
        assert one.answer.parse(text_of(emulator.ask(body)[1]), form) == value


@pytest.mark.parametrize("pictures", [b"", {417: b"", 133: b""}])
def test_without_a_picture_there_are_answers_too(emulator: Any, pictures: Any) -> None:
    text, schema = text_and_schema(QUESTIONS, pictures)
    reply = ask(emulator, body_of([{"text": text}], responseJsonSchema=schema))
    rows = [row[1:] for row in reply] if pictures else [reply]
    assert all(len(read_short(QUESTIONS, row)) == 3 for row in rows)


def test_lists_of_places_are_filled_without_questions(emulator: Any, picture: Any) -> None:
    places = [{"type": "integer", "minimum": 3, "maximum": 4}, {"enum": ["a", "b"]}]
    schema = {"prefixItems": [*places, {"$ref": "#/$defs/t"}], "$defs": {"t": {"type": "string"}}}
    parts = [{"text": "What is it?"}, blob(picture())]
    number, label, text = ask(emulator, body_of(parts, responseJsonSchema=schema))
    assert number in (3, 4)
    assert label in ("a", "b")
    assert isinstance(text, str)
