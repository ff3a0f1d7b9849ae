"""A shard never costs more than its purse holds, whatever Gemini replies."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.tierwise.scheduling.shard_desk import ShardDesk
from tierwise.accounts.admission import Purse
from tierwise.answering.answer_file import answer_file
from tierwise.answering.questions_asked import QuestionsAsked
from tierwise.gemini.billing import Billing
from tierwise.records import Answered, Failure, ImageFile, Reason, Spent
from tierwise.scheduling.answer_shard import Waiting, answer_shard
from tierwise.scheduling.engine import Engine
from tierwise.scheduling.worst_cases import WorstCases

TASKS = """
model: {model}
tasks:
  shade: {{prompt: "How light?", labels: [dark, bright], images_per_request: {pack}}}
  thing:
    prompt: What is it?
    schema: {{type: object, properties: {{thing: {{type: string, maxLength: 30}}}}}}
    when: shade == "dark"
    media_resolution: high
    routing: {{fit_pixels: false}}
    images_per_request: {pack}
  name:
    input: text
    prompt: Name a thing that is {{shade}}.
    text: {{max_length: 60}}
"""
CHEAP, DEARER = "gemini-3.1-flash-lite", "gemini-3.8-flash"
# Nano-dollars: with CHEAP, enough for about half of the twelve pictures.
SOME = 2_000_000
BILLED = ["blocked_prompt", "blocked_answer", "truncated_json", "max_tokens", "outside_labels"]
FAULTS = [*BILLED, "wrong_items", "drop", "unavailable", "bad_image", "rate_limited"]


class Desk(ShardDesk):
    """Answers one shard as a bundle does, within a purse."""

    def answer(
        self,
        files: Sequence[ImageFile],
        purse: int,
        *,
        pack: int = 3,
        model: str = CHEAP,
        run: str = "run-1",
        **plan: Any,
    ) -> list[Answered]:
        with self.engine(TASKS.format(model=model, pack=pack), run, **plan) as engine:
            return self._answer(engine, files, purse)

    def _answer(self, engine: Engine, files: Sequence[ImageFile], purse: int) -> list[Answered]:
        asked = QuestionsAsked(engine.plan.journal.read(""))
        today = datetime.now(UTC).date()
        worst = WorstCases(engine.plan.questions, Billing(engine.plan.service), today)
        waves = engine.waves(Purse(max(0, purse - asked.recalled.paid)))
        waiting = [
            Waiting(
                file.uri,
                partial(answer_file, file, file.content_hash, waves, asked),
                worst.of_file(file, asked.recalled),
            )
            for file in sorted(files, key=lambda file: file.content_hash)
        ]
        return engine.submit(answer_shard(waiting, [], waves)).result().files


@pytest.fixture
def desk(tmp_path: Path, gemini: Any) -> Desk:
    return Desk(tmp_path / "journal", gemini.url)


@pytest.fixture
def files(archive: Any) -> list[ImageFile]:
    pictures: list[ImageFile] = archive.pictures(12)
    return pictures


def tiff(paths: Iterable[str]) -> bytes:
    first, *others = (Image.open(path) for path in paths)
    buffer = io.BytesIO()
    first.save(buffer, "TIFF", save_all=True, append_images=others)
    return buffer.getvalue()


def rows(answered: Sequence[Answered]) -> dict[tuple[str, str], str]:
    """Every row to be, and the reason of those that failed."""
    return {
        (one.uri, o.task): str(o.reason) if isinstance(o, Failure) else "answered"
        for one in answered
        for o in one.outcomes
    }


def total(answered: Sequence[Answered]) -> Spent:
    return sum((o.spent + o.wasted for one in answered for o in one.outcomes), Spent())


faults = st.lists(
    st.builds(
        lambda kind, rate: (
            {"kind": kind, "rate": rate}
            | ({"retry_after_s": 0.01} if kind == "rate_limited" else {})
        ),
        st.sampled_from(FAULTS),
        st.sampled_from([0.1, 0.4, 1.0]),
    ),
    max_size=3,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    faults=faults,
    seed=st.integers(0, 99),
    purse=st.integers(0, 4 * SOME),
    pack=st.sampled_from([1, 3, 8]),
    model=st.sampled_from([CHEAP, DEARER]),
)
def test_the_bill_never_exceeds_the_purse(
    desk: Desk,
    files: list[ImageFile],
    gemini: Any,
    faults: list[dict[str, Any]],
    seed: int,
    purse: int,
    pack: int,
    model: str,
) -> None:
    desk.forget()
    gemini.reset()
    gemini.faults(*(f for f in faults if f["kind"] != "unavailable" or f["rate"] < 0.4), seed=seed)
    done = desk.answer(files, purse, pack=pack, model=model)
    spent = total(done)
    assert gemini.billed() <= spent.cost + spent.maybe_billed == desk.paid() <= purse
    assert sorted(one.uri for one in done) == sorted(file.uri for file in files)
    for task in ("shade", "name"):
        assert sum(name == task for _, name in rows(done)) == len(files)


def test_first_images_are_asked_whole_and_the_others_not_opened(
    desk: Desk, files: list[ImageFile]
) -> None:
    for file in sorted(files, key=lambda file: file.content_hash)[-3:]:
        Path(file.path).unlink()
    done = rows(desk.answer(files, SOME))
    over = {uri for (uri, _), reason in done.items() if reason == Reason.OVER_BUDGET}
    answered = {uri for (uri, _), reason in done.items() if reason == "answered"}
    assert len(over) + len(answered) == 12
    assert over.isdisjoint(answered)
    by_content = sorted(files, key=lambda file: file.content_hash)
    assert {file.uri for file in by_content[: len(answered)]} == answered
    assert 3 < len(answered) < 9


def test_an_empty_purse_asks_nothing(desk: Desk, files: list[ImageFile], gemini: Any) -> None:
    done = rows(desk.answer(files, 0))
    assert set(done.values()) == {"over_budget"}
    assert {task for _, task in done} == {"shade", "name"}
    assert gemini.requests() == []


def test_a_full_purse_changes_no_answer(
    desk: Desk, files: list[ImageFile], archive: Any, gemini: Any
) -> None:
    within = rows(desk.answer(files, 10**9))
    asked = len(gemini.requests())
    desk.forget()
    free = archive.bundle(TASKS.format(model=CHEAP, pack=3), digits=1).answer(files)
    assert rows(free) == within
    assert len(gemini.requests()) == 2 * asked


@pytest.mark.parametrize("purse", [SOME // 2, SOME, 2 * SOME])
def test_the_same_images_fit_however_they_race(
    desk: Desk, files: list[ImageFile], gemini: Any, purse: int
) -> None:
    found = []
    for number, in_flight in enumerate((1, 3, 32)):
        desk.forget()
        gemini.reset()
        gemini.faults({"kind": "latency", "ms": 5, "sigma": 1.0}, seed=number)
        done = desk.answer(files, purse, requests_in_flight=in_flight)
        found.append((rows(done), gemini.billed()))
    assert found[0] == found[1] == found[2]


def test_a_second_attempt_at_a_bundle_spends_what_the_first_left(
    desk: Desk, files: list[ImageFile], gemini: Any
) -> None:
    first = rows(desk.answer(files, SOME))
    billed = gemini.billed()
    assert rows(desk.answer(files, SOME)) == first
    assert gemini.billed() == billed


def test_what_a_purse_leaves_pays_for_less_than_an_image(
    desk: Desk, archive: Any, gemini: Any
) -> None:
    files = archive.pictures(60)
    desk.answer(files, 4 * SOME)
    assert gemini.billed() > 0.85 * 4 * SOME


def test_a_page_that_was_paid_comes_out_though_the_others_do_not_fit(
    desk: Desk, archive: Any, gemini: Any, draw: Callable[..., bytes]
) -> None:
    pages = [archive.add(f"{n}.jpg", draw(n)) for n in range(3)]
    file = archive.add("pages.tiff", tiff(page.path for page in pages))
    first = desk.answer([file], 700_000, pack=1)
    reasons = [(o.page.number, isinstance(o, Failure)) for o in first[0].outcomes]
    assert {failed for _, failed in reasons} == {True, False}
    again = desk.answer([file], 0, pack=1, run="run-2")
    kept = [o for o in again[0].outcomes if not isinstance(o, Failure)]
    assert len(kept) == sum(not failed for _, failed in reasons)
    assert {o.page.number for o in again[0].outcomes} == {1, 2, 3}
