"""Pictures that batch jobs draw, at half the price, and in buckets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.batch_runs import BatchRun, BatchRuns, paid_twice
from tierwise.storage.files import files_for

BANANA = "gemini-nano-banana-2.1"
TASKS = f"""
model: {BANANA}
tasks:
  hero:
    prompt: A clean photograph of what is shown, on white.
    picture: {{size: 1K}}
"""
SIZED = f"""
model: gemini-3.1-flash-lite
tasks:
  shade: {{prompt: "How light is it?", labels: [dark, bright]}}
  hero:
    prompt: On white, please.
    model: {BANANA}
    picture: {{size: {{2K: shade == "bright", otherwise: 1K}}, keep: input}}
"""


def pictures(run: BatchRun) -> list[str]:
    folder = f"{run.output}/pictures"
    return [stat.uri for stat in files_for(folder).walk(folder)]


def check(run: BatchRun, images: int) -> list[dict[str, Any]]:
    """The rows; every one has its file, and the account is the bill."""
    rows = [row for row in run.rows("answers") if row["task"] == "hero"]
    assert len(rows) == images
    assert {row["picture_uri"] for row in rows} <= set(pictures(run))
    run.check_money()
    assert paid_twice(run.gemini) == []
    return rows


def test_jobs_draw_at_half_the_price(batch_runs: BatchRuns, photos: Callable[..., Path]) -> None:
    run = batch_runs.run(photos(6), "--service_tier=batch", tasks=TASKS)
    rows = check(run, 6)
    assert run.tiers == {"batch": 6}
    # 1,120 tokens at $15 a million, and no more than two thousandths of a dollar beside.
    assert all(0.0168 < row["cost_usd"] < 0.0188 for row in rows)
    again = batch_runs.run(photos(6), "--service_tier=batch", tasks=TASKS)
    assert (again.costs, len(pictures(again))) == (0, 6)


def test_sizes_by_a_rule_and_inputs_are_kept(
    batch_runs: BatchRuns, shades: Callable[[int], Path]
) -> None:
    run = batch_runs.run(shades(4), "--service_tier=batch", "--batch_fallback=none", tasks=SIZED)
    rows = check(run, 4)
    assert sorted(row["answer"]["width"] for row in rows) == [1024, 1024, 2048, 2048]
    assert sum(".input." in uri for uri in pictures(run)) == 4


def test_what_a_job_does_not_draw_is_drawn_at_the_standard_tier(
    batch_runs: BatchRuns, photos: Callable[..., Path]
) -> None:
    batch_runs.gemini.faults(
        {"kind": "batch_row_error", "status": 503, "count": 2},
        {"kind": "blocked_answer", "finish_reason": "IMAGE_SAFETY", "count": 1},
    )
    run = batch_runs.run(photos(5), "--service_tier=batch", tasks=TASKS)
    assert set(run.reasons.values()) == {"blocked_answer"}
    check(run, 4)


def test_in_buckets_of_vertex_ai(batch_runs: BatchRuns, photos: Callable[..., Path]) -> None:
    run = batch_runs.run(photos(3), "--service_tier=batch", tasks=TASKS, vertex=True)
    rows = check(run, 3)
    assert all(row["picture_uri"].startswith("gs://results/out/pictures/") for row in rows)
    batch_runs.gemini.reset()
    standard = batch_runs.run(photos(3), tasks=TASKS, vertex=True, output="standard")
    check(standard, 3)
    again = batch_runs.run(photos(3), tasks=TASKS, vertex=True, output="standard")
    assert again.costs == 0


@pytest.mark.parametrize("size", ["2K", '{2K: shade == "bright"}'])
def test_vertex_ai_draws_1k_alone_in_jobs(
    size: str,
    batch_runs: BatchRuns,
    photos: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    tasks = SIZED.replace('{2K: shade == "bright", otherwise: 1K}', size)
    run = batch_runs.run(photos(1), "--service_tier=batch", tasks=tasks, vertex=True)
    assert run.statuses == (2,)
    assert "batch jobs of Vertex AI draw 1K alone" in capsys.readouterr().err
