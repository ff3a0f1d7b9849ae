"""Batch jobs whose rows name a cache: fewer dollars, the same answers, and nothing left behind."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.batch_runs import BatchRun, BatchRuns, nano
from tests.conftest import EmulatedGemini
from tierwise.batches import watch as watching
from tierwise.beam_pipeline.__main__ import main

PICTURES = 24
WORDS = " ".join(f"word{number}" for number in range(1200))
TASKS = f"""
model: gemini-3.1-flash-lite
tasks:
  shade: {{prompt: "How light is it? {WORDS}", labels: [dark, bright]}}
"""
OFF = TASKS.replace("tasks:\n", "defaults: {cache: off}\ntasks:\n", 1)
# A job that may take an hour needs a cache for an hour, which some twenty rows pay for.
FLAGS = ("--service_tier=batch", "--batch_deadline=1h")


@pytest.fixture
def gemini(batch_runs: BatchRuns) -> EmulatedGemini:
    found: EmulatedGemini = batch_runs.gemini
    return found


@pytest.fixture
def images(photos: Callable[..., Path]) -> Path:
    return photos(PICTURES)


def told(gemini: EmulatedGemini) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(gemini.control("GET", "/emulator/caches"))
    return found


def cached_tokens(run: BatchRun) -> int:
    return sum(row["cached_tokens"] for row in run.rows("answers"))


def check_bill(run: BatchRun) -> None:
    """What all tables say is the bill, with caches as rows of no picture."""
    costs = run.rows("costs")
    cost = nano(sum((row["cost_usd"] for row in costs), Decimal(0)))
    answered = [*run.rows("answers"), *run.rows("failures")]
    for_caches = [row for row in costs if row["outcome"] == "cache"]
    assert cost == nano(sum((row["cost_usd"] for row in [*answered, *for_caches]), Decimal(0)))
    assert cost == run.gemini.billed() == run.paid
    assert run.maybe_billed == 0
    assert nano(sum((row["cost_usd"] for row in for_caches), Decimal(0))) == sum(
        one["nano_usd"] for one in told(run.gemini)
    )


def test_rows_of_a_job_name_a_cache_and_cost_less(
    batch_runs: BatchRuns, images: Path, gemini: EmulatedGemini
) -> None:
    plain = batch_runs.run(images, *FLAGS, tasks=OFF, output="plain")
    billed = gemini.billed()
    gemini.reset()
    run = batch_runs.run(images, *FLAGS, tasks=TASKS)
    assert run.statuses == (0,)
    assert run.values == plain.values
    check_bill(run)
    [cache] = told(gemini)
    assert cache["deleted"]
    assert cached_tokens(run) == PICTURES * cache["usageMetadata"]["totalTokenCount"]
    [job] = run.jobs
    assert (job["caches"], job["cache_gone"]) == (1, 0)
    # An hour's storage is dearer than 24 rows save much of.
    assert gemini.billed() < billed


def test_a_run_that_leaves_keeps_its_cache_until_the_job_is_collected(
    batch_runs: BatchRuns, images: Path, gemini: EmulatedGemini
) -> None:
    gemini.faults({"kind": "batch_slow", "pending_s": 0.5, "running_s": 0.5, "count": 1})
    deleted: list[bool] = []

    def between() -> None:
        deleted.extend(one["deleted"] for one in told(gemini))
        time.sleep(0.5)

    run = batch_runs.run(
        *(images, *FLAGS, "--batch_wait=0"), tasks=TASKS, most_starts=9, between=between
    )
    assert run.statuses[0] == 4 and run.statuses[-1] == 0
    assert deleted and not any(deleted)
    check_bill(run)
    assert [one["deleted"] for one in told(gemini)] == [True]
    assert cached_tokens(run) > 0


@pytest.mark.parametrize("fallback", ["flex", "none"])
def test_rows_whose_cache_is_gone_are_asked_again_without(
    batch_runs: BatchRuns, images: Path, gemini: EmulatedGemini, fallback: str
) -> None:
    gemini.faults({"kind": "cache_gone", "how": "expired", "after": 4, "count": 1})
    run = batch_runs.run(images, *FLAGS, f"--batch_fallback={fallback}", tasks=TASKS)
    assert run.statuses == (0,) and len(run.values) == PICTURES and not run.reasons
    check_bill(run)
    gone = [job["cache_gone"] for job in run.jobs]
    assert gone[0] >= PICTURES - 6 and not any(gone[1:])
    if fallback == "none":
        assert [job["caches"] for job in run.jobs] == [1, 0]
        assert len(told(gemini)) == 1


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ({"kind": "cache_refused", "status": 400}, 0),
        ({"kind": "cache_reply_lost", "count": 1}, 1),
        (
            {
                "kind": "batch_refused",
                "status": 403,
                "message": "CachedContent not found (or permission denied)",
                "count": 1,
            },
            0,
        ),
    ],
    ids=["none can be made", "its reply is lost", "the job is refused for it"],
)
def test_nothing_depends_on_a_cache(
    batch_runs: BatchRuns,
    images: Path,
    gemini: EmulatedGemini,
    fault: dict[str, Any],
    named: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "_FIRST_PAUSE_S", 0.1)
    gemini.faults(fault)
    run = batch_runs.run(images, *FLAGS, tasks=TASKS)
    assert run.statuses == (0,) and len(run.values) == PICTURES
    assert run.paid <= gemini.billed() <= run.paid + run.maybe_billed
    assert [job["caches"] for job in run.jobs] == [named]
    assert all(one["deleted"] for one in told(gemini))


def test_the_cap_holds_with_caches(
    batch_runs: BatchRuns, images: Path, gemini: EmulatedGemini
) -> None:
    run = batch_runs.run(images, *FLAGS, "--max_cost_usd=3", tasks=TASKS)
    assert run.statuses == (0,)
    check_bill(run)
    assert cached_tokens(run) > 0
    gemini.reset()
    small = batch_runs.run(images, *FLAGS, "--max_cost_usd=0.02", tasks=TASKS, output="small")
    assert small.paid == gemini.billed() <= 20_000_000
    assert told(gemini) == []


def test_the_plan_says_what_a_cache_saves_in_batch(
    photos: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def planned(tasks: str, *flags: str) -> dict[str, Any]:
        file = tmp_path / "planned.yaml"
        file.write_text(tasks.replace("3.1-flash-lite", "3.8-flash"), "utf-8")
        words = [f"--input={images}", f"--tasks={file}", "--service_tier=batch", "--json"]
        assert main(["plan", *words, *flags]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    images = photos(150)
    row, off = planned(TASKS), planned(OFF)
    [cache] = row["caches"]
    assert (cache["why_not"], cache["requests"]) == ("", 150)
    saved = Decimal(off["cost_usd"]) - Decimal(row["cost_usd"])
    assert float(saved) == pytest.approx(float(cache["saved_usd"]), rel=0.02)
    [none] = planned(TASKS, "--gemini=vertex", "--gemini_project=p")["caches"]
    assert "Vertex AI" in none["why_not"]
