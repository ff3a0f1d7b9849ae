"""Each picture takes its own route: what is asked of it, what is paid, and what is found again."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.tierwise.scheduling.test_waves import Desk, total
from tierwise.answerer import ServiceKind
from tierwise.answering.open_questions import open_questions
from tierwise.gemini.billing import Billing
from tierwise.gemini.service import Service
from tierwise.journal.recalled import Recalled
from tierwise.questions import as_written
from tierwise.records import AS_TASK, Answer, Answered, ImageFile
from tierwise.scheduling.worst_cases import WorstCases, worst_question
from tierwise.tasks import load_tasks

FLASH, OLDER = "gemini-3.1-flash-lite", "gemini-2.5-flash-lite"
TASKS = """
model: {model}
tasks:
  mark:
    prompt: Is there a mark?
    labels: ["yes", "no"]
    media_resolution: {own}
    images_per_request: {pack}
    routing: {{{rules}}}
"""
DETAIL = "detail_above: 0.1"
OFF, FIT = "fit_pixels: false", "fit_pixels: true"
DAY = date(2026, 11, 27)
FITS = "64x48 px fit low"


def tasks(own: str, rules: str = "", *, pack: int = 1, model: str = FLASH) -> str:
    return TASKS.format(model=model, own=own, rules=rules, pack=pack)


@pytest.fixture(scope="module")
def page() -> Callable[[int], bytes]:
    """Draws pages of small print, of more pixels than `low` or `medium` can see."""

    def drawn(number: int) -> bytes:
        image = Image.new("L", (1800, 1350), 250)
        pen, font = ImageDraw.Draw(image), ImageFont.load_default(26)
        for row in range(0, 1350, 40):
            pen.text((30, row), f"Page {number}: the quick brown fox jumps over " * 4, 20, font)
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=85)
        return stream.getvalue()

    return drawn


@pytest.fixture(scope="module")
def large(draw: Callable[..., bytes], page: Callable[[int], bytes]) -> dict[str, bytes]:
    """Three large pictures without detail, three pages of print."""
    plain = {f"large{n}.jpg": draw(n, size=(1800, 1350)) for n in range(3)}
    return plain | {f"page{n}.jpg": page(n) for n in range(3)}


@pytest.fixture
def mixed(archive: Any, large: dict[str, bytes]) -> list[ImageFile]:
    """Three small pictures, and the large ones."""
    return [*archive.pictures(3), *(archive.add(name, data) for name, data in large.items())]


def taken(answered: Sequence[Answered]) -> dict[str, tuple[str, str]]:
    """By name without its number, media resolution and reason; the same for all of a name."""
    found: dict[str, set[tuple[str, str]]] = {}
    for one in answered:
        for outcome in one.outcomes:
            assert isinstance(outcome, Answer)
            name = one.uri.rstrip("0123456789.jpg")
            route = (str(outcome.media_resolution), _without_figure(outcome.route_reason))
            found.setdefault(name, set()).add(route)
    assert all(len(routes) == 1 for routes in found.values())
    return {name: routes.pop() for name, routes in found.items()}


def _without_figure(reason: str) -> str:
    return "fine detail" if reason.startswith("fine detail") else reason


def asked_at(gemini: Any) -> Counter[str]:
    return Counter(level for line in gemini.requests() for level in line["media_resolution"])


def test_small_pictures_are_lowered_and_print_is_raised(
    archive: Any, mixed: list[ImageFile], gemini: Any
) -> None:
    assert taken(archive.bundle(tasks("high", FIT)).answer(mixed)) == {
        "": ("low", FITS),
        "large": ("high", AS_TASK),
        "page": ("high", AS_TASK),
    }
    assert asked_at(gemini) == {"low": 3, "high": 6}
    gemini.reset()
    assert taken(archive.bundle(tasks("low", DETAIL), run="run-2").answer(mixed)) == {
        "": ("low", AS_TASK),
        "large": ("low", AS_TASK),
        "page": ("high", "fine detail"),
    }
    # What was asked at the same route by other rules is the same question.
    assert asked_at(gemini) == {"low": 3}


def test_the_size_follows_the_media_resolution(archive: Any, mixed: list[ImageFile]) -> None:
    done = archive.bundle(tasks("low", DETAIL)).answer(mixed)
    sides = {one.uri: outcome.sent.width for one in done for outcome in one.outcomes}
    assert (sides["0.jpg"], sides["large0.jpg"], sides["page0.jpg"]) == (64, 912, 1800)
    own = tasks("low", DETAIL).replace(
        "media_resolution", "image: {max_side: 256}\n    media_resolution"
    )
    done = archive.bundle(own, run="run-2").answer(mixed)
    sides = {one.uri: outcome.sent.width for one in done for outcome in one.outcomes}
    assert (sides["0.jpg"], sides["large0.jpg"], sides["page0.jpg"]) == (64, 256, 1800)


@pytest.mark.parametrize("rules", ["", FIT, DETAIL])
def test_a_second_run_opens_nothing_and_asks_nothing(
    archive: Any, mixed: list[ImageFile], gemini: Any, rules: str
) -> None:
    own = "low" if rules == DETAIL else "high"
    first = archive.bundle(tasks(own, rules)).answer(mixed)
    gemini.reset()
    for file in mixed:
        Path(file.path).unlink()
    second = archive.bundle(tasks(own, rules), run="run-2").answer(mixed)
    assert gemini.requests() == []
    assert taken(second) == taken(first)
    assert all(o.reused for one in second for o in one.outcomes if isinstance(o, Answer))


def test_a_rule_turned_off_asks_again_what_it_had_changed_and_nothing_else(
    archive: Any, mixed: list[ImageFile], gemini: Any
) -> None:
    """A media resolution that the file names is asked to the letter where nothing else is said."""
    archive.bundle(tasks("high", FIT)).answer(mixed)
    gemini.reset()
    without = archive.bundle(tasks("high"), run="run-2").answer(mixed)
    assert taken(without)[""] == ("high", AS_TASK)
    assert asked_at(gemini) == {"high": 3}
    gemini.reset()
    again = archive.bundle(tasks("high", FIT), run="run-3").answer(mixed)
    assert taken(again)[""] == ("low", FITS)
    assert gemini.requests() == []


def test_a_new_threshold_asks_again_only_what_it_changes(
    archive: Any, mixed: list[ImageFile], gemini: Any
) -> None:
    """And opens nothing but that, for the journal remembers how much detail there was."""
    archive.bundle(tasks("low", DETAIL)).answer(mixed)
    gemini.reset()
    for file in mixed[:6]:
        Path(file.path).unlink()
    higher = archive.bundle(tasks("low", "detail_above: 0.99"), run="run-2").answer(mixed)
    assert taken(higher)["page"] == ("low", AS_TASK)
    assert asked_at(gemini) == {"low": 3}


def test_answers_of_before_there_was_a_rule_are_found_once_the_detail_is_known(
    archive: Any, mixed: list[ImageFile], gemini: Any
) -> None:
    archive.bundle(tasks("low")).answer(mixed)
    gemini.reset()
    done = archive.bundle(tasks("low", DETAIL), run="run-2").answer(mixed)
    assert asked_at(gemini) == {"high": 3}
    details = {one.uri: one.outcomes[0].page.detail for one in done}
    assert details["page0.jpg"] > 0.1 > details["large0.jpg"] == 0


@pytest.mark.parametrize("model", [FLASH, OLDER])
def test_packs_mix_media_resolutions_only_where_the_model_can(
    archive: Any, mixed: list[ImageFile], gemini: Any, model: str
) -> None:
    """Gemini 3 takes a level for each picture, older models one for the request."""
    in_turn = [mixed[kind * 3 + n] for n in range(3) for kind in range(3)]
    done = archive.bundle(tasks("low", DETAIL, pack=3, model=model)).answer(in_turn)
    levels = [line["media_resolution"] for line in gemini.requests()]
    assert asked_at(gemini) == {"low": 6, "high": 3}
    assert [len(one) for one in levels] == [3, 3, 3]  # full either way
    if model == OLDER:
        assert all(len(set(one)) == 1 for one in levels)
    assert sum(o.spent.cost for one in done for o in one.outcomes) == gemini.billed()


def test_in_a_mixed_request_each_image_pays_for_its_own_picture(
    archive: Any, mixed: list[ImageFile], gemini: Any
) -> None:
    done = archive.bundle(tasks("low", DETAIL, pack=9)).answer(mixed)
    assert len(gemini.requests()) == 1
    tokens = {one.uri: one.outcomes[0].spent.usage.image_tokens for one in done}
    assert (tokens["0.jpg"], tokens["page0.jpg"]) == (266, 1064)
    assert sum(tokens.values()) == 6 * 266 + 3 * 1064
    costs = {one.uri: one.outcomes[0].spent.cost for one in done}
    assert costs["page0.jpg"] - costs["0.jpg"] == pytest.approx((1064 - 266) * 250, abs=2)
    assert sum(costs.values()) == gemini.billed()


def test_the_worst_case_is_at_the_dearest_route_that_is_possible() -> None:
    billing = Billing(Service(ServiceKind.EMULATOR))

    def worst(text: str, recalled: Recalled | None = None) -> int:
        found = as_written(load_tasks(text, path="tasks.yaml"))
        file = ImageFile("a.jpg", "a.jpg", 9, "sha256:a")
        return WorstCases(found, billing, DAY).of_file(file, recalled or Recalled())

    assert worst(tasks("low", DETAIL)) == worst(tasks("high", OFF)) > worst(tasks("low"))
    asked = load_tasks(tasks("low", DETAIL), path="t").task("mark")
    high = load_tasks(tasks("high", OFF), path="t").task("mark")
    assert worst_question(asked, [asked], billing, DAY) == worst_question(
        high, [high], billing, DAY
    )


def test_what_is_known_of_a_page_makes_the_worst_case_exact(
    archive: Any, mixed: list[ImageFile]
) -> None:
    """A second task is open, the first has told how large the pictures are."""
    archive.bundle(tasks("high", FIT)).answer(mixed)
    other = "{prompt: What, labels: [x, y], media_resolution: high, routing: {fit_pixels: true}}"
    both = tasks("high", FIT) + f"  other: {other}\n"
    found = as_written(load_tasks(both, path="t"))
    engine = archive.bundle(both, run="run-2").engine
    recalled = [engine.plan.journal.read(file.content_hash[7:8]) for file in mixed]
    routes = [
        str(ask.route.media_resolution)
        for file, known in zip(mixed, recalled, strict=True)
        for ask in open_questions(file, known, found)
    ]
    assert routes == ["low"] * 3 + ["high"] * 6


@pytest.mark.parametrize(("model", "least"), [(FLASH, 100_000), (OLDER, 30_000)])
def test_under_a_cap_raised_pictures_are_paid_from_it_too(
    tmp_path: Path, mixed: list[ImageFile], gemini: Any, model: str, least: int
) -> None:
    text = tasks("low", DETAIL, pack=3, model=model)
    desk = Desk(tmp_path / "capped", gemini.url)
    seen = set()
    for purse in (least, 5 * least, 9 * least, 15 * least, 90 * least):
        gemini.reset()
        desk.forget()
        with desk.engine(text, "run-1") as engine:
            spent = total(desk._answer(engine, mixed, purse))
        assert gemini.billed() == spent.cost <= purse
        seen.add(len(gemini.requests()))
        assert all(
            model == FLASH or len(set(line["media_resolution"])) == 1 for line in gemini.requests()
        )
    assert {0, 3} <= seen
