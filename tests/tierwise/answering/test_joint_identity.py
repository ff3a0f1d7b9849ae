"""What is asked again when the tasks file changes: only what changed, whoever it was asked with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.strict_gemini import StrictGemini, strict_gemini
from tests.tierwise.scheduling.test_looks_over_http import (
    ALL,
    Desk,
    check,
    file_of,
    outcomes,
    spent_on,
    tasks,
)
from tierwise.records import Answer, ImageFile

SEVENTH = "  extra: {prompt: '<extra> More?', labels: ['yes', 'no']}"


@pytest.fixture(scope="module")
def serving() -> Iterator[StrictGemini]:
    with strict_gemini() as gemini:
        yield gemini


@pytest.fixture
def strict(serving: StrictGemini) -> StrictGemini:
    serving.forget()
    return serving


@pytest.fixture
def desk(tmp_path: Path, strict: StrictGemini) -> Desk:
    return Desk(tmp_path / "journal", strict.url)


@pytest.fixture(params=[1, 3])
def pack(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


@pytest.fixture
def files(tmp_path: Path) -> list[ImageFile]:
    return [file_of(tmp_path, 7 + 31 * number) for number in range(6)]


@pytest.fixture(params=[None, 10**9])
def purse(request: pytest.FixtureRequest) -> Any:
    return request.param


def asked(strict: StrictGemini) -> set[tuple[str, ...]]:
    """The questions of the requests since the last look, which is taken."""
    found = {one.questions for one in strict.seen}
    strict.seen.clear()
    return found


def test_one_more_task_is_asked_alone(
    desk: Desk, strict: StrictGemini, files: list[ImageFile], pack: int, purse: int | None
) -> None:
    first = outcomes(desk.answer(tasks(pack=pack), files, purse=purse))
    assert asked(strict) == {tuple(sorted(ALL))}
    done = outcomes(desk.answer(f"{tasks(pack=pack)}\n{SEVENTH}", files, "run-2", purse=purse))
    assert {one.questions for one in strict.seen} == {("extra",)}
    assert len(strict.seen) == 6 // pack
    for key, outcome in first.items():
        found = done[key]
        assert isinstance(outcome, Answer)
        assert isinstance(found, Answer)
        assert (found.request_id, found.value) == (outcome.request_id, outcome.value)
        assert (found.reused, found.asked_with) == (True, outcome.asked_with)


def test_a_changed_prompt_is_asked_alone(
    desk: Desk, strict: StrictGemini, files: list[ImageFile], pack: int, purse: int | None
) -> None:
    desk.answer(tasks(pack=pack), files, purse=purse)
    asked(strict)
    changed = tasks(pack=pack).replace("How light?", "How light is it?")
    assert check(desk.answer(changed, files, "run-2", purse=purse), files, ALL) == 6 * len(ALL)
    assert asked(strict) == {("shade",)}
    # And back: both are known.
    desk.answer(tasks(pack=pack), files, "run-3", purse=purse)
    desk.answer(changed, files, "run-4", purse=purse)
    assert asked(strict) == set()


def test_a_task_less_or_under_another_name_asks_nothing(
    desk: Desk, strict: StrictGemini, files: list[ImageFile], pack: int, purse: int | None
) -> None:
    desk.answer(tasks(pack=pack), files, purse=purse)
    asked(strict)
    some = ALL[1:]
    assert check(desk.answer(tasks(*some, pack=pack), files, "run-2", purse=purse), files, some)
    renamed = tasks(pack=pack).replace("  size: {", "  how_large: {")
    done = desk.answer(renamed, files, "run-3", purse=purse)
    assert {name for _, name, _ in outcomes(done)} == {*ALL, "how_large"} - {"size"}
    assert (asked(strict), spent_on(done).requests) == (set(), 0)


def test_what_was_asked_together_does_not_serve_who_wants_it_apart(
    desk: Desk, strict: StrictGemini, files: list[ImageFile], pack: int, purse: int | None
) -> None:
    auto, alone = tasks(pack=pack), tasks(pack=pack, top="together: false")
    desk.answer(auto, files, purse=purse)
    asked(strict)
    named = tasks(pack=pack, top=f"together: [{', '.join(ALL)}]")
    two = tasks(pack=pack, shade="together: [size]", size="together: [shade]")
    for number, written in enumerate((named, two)):
        desk.answer(written, files, f"run-2{number}", purse=purse)
    assert asked(strict) == set()
    done = desk.answer(alone, files, "run-3", purse=purse)
    assert check(done, files, ALL) == 6 * len(ALL)
    assert asked(strict) == {(name,) for name in ALL}
    assert all(isinstance(o, Answer) and not o.asked_with for o in outcomes(done).values())
    # Answers that were asked apart serve everybody.
    for number, written in enumerate((auto, alone, named)):
        again = outcomes(desk.answer(written, files, f"run-4{number}", purse=purse))
        assert all(isinstance(o, Answer) and not o.asked_with for o in again.values())
    assert asked(strict) == set()


def test_one_task_that_is_to_be_asked_apart_is_asked_alone(
    desk: Desk, strict: StrictGemini, files: list[ImageFile], pack: int, purse: int | None
) -> None:
    desk.answer(tasks(pack=pack), files, purse=purse)
    asked(strict)
    desk.answer(tasks(pack=pack, title="together: false"), files, "run-2", purse=purse)
    assert asked(strict) == {("title",)}


@pytest.mark.parametrize("kept", ["half of the pictures", "some questions", "every second line"])
def test_a_killed_run_goes_on_with_what_is_left(
    desk: Desk,
    strict: StrictGemini,
    files: list[ImageFile],
    pack: int,
    purse: int | None,
    kept: str,
) -> None:
    before = files[:3] if kept == "half of the pictures" else files
    names = ALL[:3] if kept == "some questions" else ALL
    desk.answer(tasks(*names, pack=pack), before, purse=purse)
    lost = 0
    if kept == "every second line":
        # What a kill leaves: objects that are whole, and others that were never written.
        objects = sorted(
            p for p in desk.folder.rglob("*") if p.is_file() and "intents" not in str(p)
        )
        journal = [one for one in objects if one.parent.name != "runs"]
        for one in journal[::2]:
            one.unlink()
            lost += 1
    asked(strict)
    done = desk.answer(tasks(pack=pack), files, "run-2", purse=purse)
    assert check(done, files, ALL) == 6 * len(ALL)
    if kept == "half of the pictures":
        assert asked(strict) == {tuple(sorted(ALL))}
    elif kept == "some questions":
        assert asked(strict) == {tuple(sorted(ALL[3:]))}
    else:
        assert lost
        asked(strict)
    desk.answer(tasks(pack=pack), files, "run-3", purse=purse)
    assert asked(strict) == set()


def test_a_second_attempt_at_a_bundle_asks_and_counts_nothing_twice(
    desk: Desk, strict: StrictGemini, files: list[ImageFile], pack: int, purse: int | None
) -> None:
    strict.fault = lambda seen: "bad cell" if len(seen.questions) > 1 else ""
    first = desk.answer(tasks(pack=pack), files, purse=purse)
    billed, requests = strict.billed, len(strict.seen)
    again = desk.answer(tasks(pack=pack), files, purse=purse)  # the same run
    assert (strict.billed, len(strict.seen)) == (billed, requests)
    assert spent_on(again) == spent_on(first)
    assert spent_on(again).cost == billed


def test_pictures_with_other_open_questions_have_other_packs(
    desk: Desk, strict: StrictGemini, files: list[ImageFile], purse: int | None
) -> None:
    desk.answer(tasks("shade", pack=3), files[:2], purse=purse)
    desk.answer(tasks("shade", "size", pack=3), files[2:4], "run-2", purse=purse)
    asked(strict)
    done = desk.answer(tasks("shade", "size", "title", pack=3), files, "run-3", purse=purse)
    assert check(done, files, ("shade", "size", "title")) == 18
    assert sorted((one.questions, len(one.pictures)) for one in strict.seen) == [
        (("shade", "size", "title"), 2),
        (("size", "title"), 2),
        (("title",), 2),
    ]


def names_in(files: Sequence[ImageFile]) -> list[str]:
    return [file.uri for file in files]


TWINS = """
model: gemini-3.1-flash-lite
defaults: {images_per_request: PACK}
tasks:
  shade: {prompt: "<shade> How light is {filename}?", labels: [dark, bright, grey]}
  size:
    prompt: "<size> How large is {filename}?"
    labels: ['1', '2', '3', '4', '5', '6', '7', '8']
  title: {prompt: "<title> A title?", text: {max_length: 30}}
"""


@pytest.mark.parametrize("names", [("shade",), ("shade", "size"), ("shade", "size", "title")])
def test_one_content_under_two_names_in_one_pack(
    desk: Desk,
    strict: StrictGemini,
    tmp_path: Path,
    pack: int,
    purse: int | None,
    names: tuple[str, ...],
) -> None:
    twins = [file_of(tmp_path, 300, f"300-{letter}.jpg") for letter in "abc"]
    files = [*twins, file_of(tmp_path, 41)]
    lines = TWINS.replace("PACK", str(pack)).splitlines()
    unwanted = {"shade", "size", "title"} - {*names}
    text = "\n".join(
        line
        for line in lines
        if not any(line.startswith(f"  {name}:") for name in unwanted)
        and not ("size" in unwanted and ("<size>" in line or "'8'" in line))
    )
    done = desk.answer(text, files, purse=purse)
    assert strict.broken == []
    assert check(done, files, names) == 4 * len(names)
    assert spent_on(done).cost == strict.billed
    before = len(strict.seen)
    desk.answer(text, files, "run-2", purse=purse)
    assert len(strict.seen) == before


EQUAL = """
model: gemini-3.1-flash-lite
tasks:
  shade: {prompt: "<shade> How light?", labels: [dark, bright, grey]}
  again: {prompt: "<shade> How light?", labels: [dark, bright, greyMORE]EXTRA}
  size: {prompt: "<size> How large?", labels: ['1', '2', '3', '4', '5', '6', '7', '8']}
"""


@pytest.mark.parametrize("extra", ["", ", together: false"])
def test_two_tasks_that_ask_the_same_pay_once(
    desk: Desk, strict: StrictGemini, files: list[ImageFile], purse: int | None, extra: str
) -> None:
    text = EQUAL.replace("MORE", "").replace("EXTRA", extra)
    done = desk.answer(text, files, purse=purse)
    found = outcomes(done)
    for file in files:
        one, other = found[file.uri, "shade", 1], found[file.uri, "again", 1]
        assert isinstance(one, Answer)
        assert isinstance(other, Answer)
        assert (one.value, one.request_id) == (other.value, other.request_id)
    assert spent_on(done).cost == strict.billed == desk.paid()
    assert {one.questions for one in strict.seen} == (
        {("shade", "size"), ("shade",)} if extra else {("shade", "size")}
    )
    asked(strict)
    desk.answer(text, files, "run-2", purse=purse)
    assert asked(strict) == set()
