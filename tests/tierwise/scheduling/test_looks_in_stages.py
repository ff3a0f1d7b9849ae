"""Questions that share requests beside conditions, second asks, pages and contact sheets."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.strict_gemini import StrictGemini, foretold, painted, strict_gemini
from tests.tierwise.scheduling.test_looks_over_http import (
    ANSWERS,
    KINDS,
    Desk,
    check_money,
    drawn_fault,
    file_of,
    outcomes,
    spent_on,
)
from tierwise.records import Answer, ImageFile, Outcome, Reason, Spent

SHADE, SIZE = ANSWERS["shade"], ANSWERS["size"]
TASKS = """
model: gemini-3.1-flash-lite
defaults: {images_per_request: PACK, routing: {fit_pixels: FIT}}
tasks:
  shade:
    prompt: "<shade> How light?"
    labels: [dark, bright, grey]
    media_resolution: ONE
    ROUTING
    ESCALATE_SHADE
  colours:
    prompt: "<colours> Which?"
    labels: [red, green, blue]
    multiple: true
    media_resolution: OTHER
    images_per_request: OTHERPACK
  size:
    prompt: "<size> How large?"
    labels: ['1', '2', '3', '4', '5', '6', '7', '8']
    escalate: {when: size > "5", media_resolution: ultra_high}
  facts:
    prompt: "<facts> What is so of {filename}?"
    schema: {type: object, properties: {moves: {type: boolean}, what: {type: string}}}
    when: shade == "dark"
  title: {prompt: "<title> A title?", text: {max_length: 30}, when: shade == "dark"}
  name: {prompt: "<name> A name for what is {shade}?", text: {max_length: 30}}
"""
NAMES = ("shade", "colours", "size", "facts", "title", "name")
SHAPES = {**ANSWERS, "name": {"type": "string"}}


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


def written(
    pack: int,
    *,
    other_pack: int = 0,
    one: str = "low",
    other: str = "low",
    routing: str = "",
    escalates: bool = False,
    fit: bool = True,
) -> str:
    text = TASKS.replace("OTHERPACK", str(other_pack or pack)).replace("PACK", str(pack))
    text = text.replace("ONE", one).replace("OTHER", other)
    text = text.replace("ROUTING", f"routing: {{{routing}}}" if routing else "")
    again = 'escalate: {when: shade == "grey", media_resolution: ultra_high}'
    text = text.replace("ESCALATE_SHADE", again if escalates else "")
    text = text.replace('size > "5"', 'size == "6" or size == "7"')
    return text.replace("FIT", str(fit).lower())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[ImageFile]:
    """Small and large pictures, one with three pages, one content under two names."""
    folder = tmp_path_factory.mktemp("archive")
    found = [file_of(folder, 9 + 23 * number) for number in range(3)]
    for number in (2000, 2100):
        found.append(_add(folder, f"{number}.jpg", painted(number, size=(1800, 1350))))
    pages = [Image.open(io.BytesIO(painted(number, form="PNG"))) for number in (3000, 3300, 3600)]
    stream = io.BytesIO()
    pages[0].save(stream, "TIFF", save_all=True, append_images=pages[1:])
    found.append(_add(folder, "3000.tiff", stream.getvalue()))
    found += [file_of(folder, 77, f"77-{letter}.jpg") for letter in "ab"]
    return found


def _add(folder: Path, name: str, data: bytes) -> ImageFile:
    (folder / name).write_bytes(data)
    return ImageFile(
        name, str(folder / name), len(data), f"sha256:{hashlib.sha256(data).hexdigest()}"
    )


def pictures_of(files: Sequence[ImageFile]) -> Iterator[tuple[str, int, int]]:
    """Each image by its name and page, and its colour."""
    for file in files:
        number = int(file.uri.partition(".")[0].partition("-")[0])
        for page in range(3 if file.uri.endswith("tiff") else 1):
            yield file.uri, page + 1, number + 300 * page


def check_all(found: dict[tuple[str, str, int], Outcome], files: Sequence[ImageFile]) -> None:
    """Every question that applies has one outcome; every answer is the one foretold."""
    keys = set[tuple[str, str, int]]()
    for uri, page, colour in pictures_of(files):
        shade = found.get((uri, "shade", page))
        if shade is None:  # over budget before it was opened: a row for the file
            continue
        wanted = {"shade", "colours", "size", "name"}
        if isinstance(shade, Answer) and foretold(colour, "shade", SHADE) == "dark":
            wanted |= {"facts", "title"}
        keys |= {(uri, name, page) for name in wanted}
        for name in wanted:
            outcome = found[uri, name, page]
            if isinstance(outcome, Answer):
                value = list(outcome.value) if isinstance(outcome.value, tuple) else outcome.value
                assert value == foretold(colour, name, SHAPES[name])
    assert {key for key in found if key[2] == 1 or found[key].page.pages > 1} == keys


@pytest.mark.parametrize("purse", [None, 10**9])
@pytest.mark.parametrize("pack", [1, 4])
def test_each_stage_is_one_request_for_all_its_questions(
    desk: Desk, strict: StrictGemini, files: list[ImageFile], pack: int, purse: int | None
) -> None:
    text = written(pack, escalates=True, fit=False)
    done = desk.answer(text, files, purse=purse)
    found = outcomes(done)
    check_all(found, files)
    assert all(isinstance(outcome, Answer) for outcome in found.values())
    check_money(desk, strict, done)
    first = {
        one.questions
        for one in strict.seen
        if set(one.levels) == {"LOW"} and "shade" in one.questions
    }
    assert first == {("colours", "shade", "size")}
    second = {one.questions for one in strict.seen if set(one.levels) == {"ULTRA_HIGH"}}
    assert second <= {("shade", "size"), ("shade",), ("size",)}
    assert ("shade", "size") in second
    later = {one.questions for one in strict.seen} - first - second
    assert later == {("facts", "title"), ("name",)}
    before = len(strict.seen)
    desk.answer(text, files, "run-2", purse=purse)
    assert len(strict.seen) == before


def test_routes_that_differ_for_some_pictures_part_their_requests(
    desk: Desk, strict: StrictGemini, files: list[ImageFile]
) -> None:
    # Small pictures are lowered to `low`, where the other tasks ask; large ones are not.
    text = written(1, one="high")
    done = desk.answer(text, files)
    check_all(outcomes(done), files)
    check_money(desk, strict, done)
    firsts = {
        (one.questions, one.levels[0], one.pictures[0] in (2000, 2100))
        for one in strict.seen
        if {"shade", "size"} & {*one.questions} and one.levels != ("ULTRA_HIGH",)
    }
    assert firsts == {
        (("colours", "shade", "size"), "LOW", False),
        (("shade",), "HIGH", True),
        (("size",), "HIGH", True),  # its second ask, of no more pixels than `high` sees
        (("colours", "size"), "LOW", True),
    }


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    kinds=st.lists(st.sampled_from(KINDS), max_size=4, unique=True),
    rate=st.sampled_from([0.0, 0.2, 0.5]),
    seed=st.integers(0, 10**6),
    pack=st.sampled_from([1, 3, 8]),
    other_pack=st.sampled_from([0, 1, 5]),
    levels=st.sampled_from([("low", "low"), ("high", "low"), ("high", "medium")]),
    routing=st.sampled_from(["", "fit_pixels: false", "detail_above: 0.1"]),
    escalates=st.booleans(),
    purse=st.sampled_from([None, 10**9, 2_000_000, 6_000_000]),
    refuses=st.sampled_from([set(), {"prefixItems"}]),
    before=st.sampled_from(["", "shade", "colours"]),
)
def test_whatever_comes_back_in_stages_every_question_ends_once(
    desk: Desk,
    strict: StrictGemini,
    files: list[ImageFile],
    kinds: list[str],
    rate: float,
    seed: int,
    pack: int,
    other_pack: int,
    levels: tuple[str, str],
    routing: str,
    escalates: bool,
    purse: int | None,
    refuses: set[str],
    before: str,
) -> None:
    desk.forget()
    strict.forget()
    if levels[0] == "high" and "detail" in routing:
        routing = ""
    text = written(
        pack,
        other_pack=other_pack,
        one=levels[0],
        other=levels[1],
        routing=routing,
        escalates=escalates,
    )
    if before:  # an earlier run asked one of them of some pictures
        desk.answer(_only(text, before), files[::2], "run-0")
    earlier = strict.billed
    strict.fault, strict.refuses = drawn_fault(kinds, rate, seed), refuses
    done = desk.answer(text, files, purse=purse)
    found = outcomes(done)
    check_all(found, files)
    assert strict.broken == []
    assert spent_on(done).cost == strict.billed - earlier
    assert desk.paid() == spent_on(done).cost_at_worst + earlier
    if purse is not None:
        assert spent_on(done).cost_at_worst <= purse
    strict.fault = lambda _: ""
    again = desk.answer(text, files, "run-2")
    check_all(outcomes(again), files)
    last = {Reason.OVER_BUDGET, Reason.UNAVAILABLE, Reason.TIMEOUT, Reason.QUOTA_EXHAUSTED}
    for outcome in outcomes(again).values():
        assert isinstance(outcome, Answer) or outcome.reason not in last
    seen = len(strict.seen)
    third = desk.answer(text, files, "run-3")
    assert len(strict.seen) == seen
    assert spent_on(third) == Spent()


def _only(text: str, name: str) -> str:
    """The file with one task alone."""
    head, _, tasks = text.partition("tasks:\n")
    blocks: dict[str, list[str]] = {}
    for line in tasks.splitlines():
        if line.startswith("  ") and not line.startswith("   "):
            current = line.strip().partition(":")[0]
        blocks.setdefault(current, []).append(line)
    return "\n".join([f"{head}tasks:", *blocks[name]])


def test_questions_on_contact_sheets_share_the_sheet(
    desk: Desk, strict: StrictGemini, files: list[ImageFile]
) -> None:
    text = (
        "model: gemini-3.1-flash-lite\n"
        "defaults: {images_per_sheet: 4, images_per_request: 8}\n"
        "tasks:\n"
        "  shade: {prompt: '<shade> How light?', labels: [dark, bright, grey]}\n"
        "  size: {prompt: '<size> How large?', labels: ['1', '2', '3']}\n"
        "  alone: {prompt: '<alone> How?', labels: ['1', '2'], images_per_sheet: 1}\n"
    )
    small = files[:3]
    for fault in ("", "bad cell", "stranger", "RECITATION"):
        desk.forget()
        strict.forget()
        strict.fault = lambda seen, fault=fault: fault if seen.joint else ""  # type: ignore[misc]
        done = desk.answer(text, small)
        found = outcomes(done)
        assert len(found) == 9
        assert all(isinstance(outcome, Answer) for outcome in found.values())
        check_money(desk, strict, done)
        assert {one.questions for one in strict.seen if one.joint} == {("shade", "size")}
        assert spent_on(done).mixed_up == 0
        before = len(strict.seen)
        desk.answer(text, small, "run-2")
        assert len(strict.seen) == before


def test_more_room_is_given_to_the_question_that_needs_it(
    desk: Desk, strict: StrictGemini, files: list[ImageFile]
) -> None:
    text = (
        "model: gemini-3.1-flash-lite\n"
        "tasks:\n"
        "  shade: {prompt: '<shade> How light?', labels: [dark, bright, grey]}\n"
        "  title: {prompt: '<title> A title?', text: {max_length: 30}, max_output_tokens: 1}\n"
    )
    small = files[:2]
    strict.fault = lambda seen: "cut" if seen.joint else ""
    done = desk.answer(text, small)
    assert all(isinstance(outcome, Answer) for outcome in outcomes(done).values())
    check_money(desk, strict, done)
    assert [one.questions for one in strict.seen].count(("title",)) == 4  # cut, then with room
    before = len(strict.seen)
    desk.answer(text, small, "run-2")
    assert len(strict.seen) == before
