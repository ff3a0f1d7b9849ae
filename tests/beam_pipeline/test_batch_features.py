"""What a run in batch combines with: the same answers as at once, each paid once, below a cap."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.batch_runs import BatchRuns, nano, paid_twice

Photos = Callable[..., Path]
HEAD = "model: gemini-3.1-flash-lite\ntasks:\n"
SHADE = '  shade: {prompt: "How light is it?", labels: [dark, bright]}\n'
PACKED = SHADE.replace("bright]", "bright], images_per_request: 8")
TOGETHER = PACKED + (
    '  hue: {prompt: "Which colour?", labels: [red, green, blue], images_per_request: 8}\n'
    '  title: {prompt: "A title?", text: {max_length: 60}, images_per_request: 8}\n'
)
SURE = '  sure: {prompt: "Sure?", labels: ["yes", "no"]}\n'
SECOND = SURE + (
    '  shade: {prompt: "How light is it?", labels: [dark, bright, unsure],\n'
    '    escalate: {when: \'shade == "bright" and sure == "no"\', media_resolution: high}}\n'
    '  hue: {when: \'sure == "no"\', prompt: "Which colour?", labels: [red, green, blue]}\n'
)
GROUP = SHADE + '  all: {prompt: "What do they show?", labels: [dark, bright], per: folder}\n'
SHEETS = SHADE.replace("bright]", "bright], images_per_sheet: 4")


def like(folder: Path) -> None:
    """Beside the first pictures, others that differ from them by their compression alone."""
    for path in sorted(folder.iterdir())[:6]:
        Image.open(path).save(path.with_name(f"b{path.name}"), quality=60)


@pytest.mark.parametrize(
    ("tasks", "flags", "rows"),
    [
        (TOGETHER, (), 3),
        (SECOND, (), 64),
        (GROUP, (), 24 + 1),
        (SHEETS, (), 6),
        (PACKED, ("--near_duplicates=4",), 3),
        (PACKED, ("--audit_rate=0.3",), 3),
    ],
    ids=["together", "when", "groups", "sheets", "near_duplicates", "audit"],
)
def test_answers_are_those_of_the_standard_tier(
    tasks: str, flags: tuple[str, ...], rows: int, batch_runs: BatchRuns, photos: Photos
) -> None:
    folder = photos(24)
    if "--near_duplicates=4" in flags:
        like(folder)
    standard = batch_runs.standard(folder, *flags, tasks=HEAD + tasks)
    flags = ("--service_tier=batch", "--batch_echo=all", *flags)
    run = batch_runs.run(folder, *flags, tasks=HEAD + tasks)
    run.check(standard)
    assert paid_twice(run.gemini) == []
    assert sum(job["requests"] for job in run.jobs) <= rows + 6


def test_a_second_ask_waits_for_what_its_condition_looks_at(
    batch_runs: BatchRuns, photos: Photos
) -> None:
    tasks, gemini = HEAD.replace("tasks", "together: false\ntasks") + SECOND, batch_runs.gemini
    standard = batch_runs.run(photos(24), tasks=tasks, output="standard")
    asked = len(gemini.requests())
    gemini.reset()
    # What is lost is asked in the next job, and before that nothing which may turn out idle.
    gemini.faults({"kind": "batch_row_error", "share": 0.4, "count": 1}, seed=2)
    flags = ("--service_tier=batch", "--batch_fallback=none")
    run = batch_runs.run(photos(24), *flags, tasks=tasks)
    run.check(standard.values)
    assert sum(nano(line["usd"]) > 0 for line in gemini.requests()) == asked


@pytest.mark.parametrize("cap", ["0.0001", "0.003", "0.05"])
def test_a_cap_holds_while_jobs_are_under_way(
    cap: str, batch_runs: BatchRuns, photos: Photos
) -> None:
    run = batch_runs.run(
        photos(16), "--service_tier=batch", f"--max_cost_usd={cap}", tasks=HEAD + SHADE
    )
    assert len(run.values) + len(run.reasons) == 16
    assert set(run.reasons.values()) <= {"over_budget"}
    assert run.statuses == (3 if run.reasons else 0,)
    assert sum(nano(job["cost_usd"]) for job in run.jobs) <= run.gemini.billed() <= nano(cap)
    run.check_money()
    # What the first job did not come to is there for those that found no room beside it.
    assert len(run.values) == (0 if cap == "0.0001" else 16)


def test_a_cap_holds_whatever_goes_wrong(batch_runs: BatchRuns, photos: Photos) -> None:
    batch_runs.gemini.faults(
        {"kind": "batch_rows_swapped", "rows": 2},
        {"kind": "batch_row_missing", "rows": 2},
        {"kind": "batch_row_no_usage", "rows": 2},
        seed=5,
    )
    flags = ("--service_tier=batch", "--batch_echo=all", "--max_cost_usd=0.006")
    run = batch_runs.run(photos(24), *flags, tasks=HEAD + SHADE)
    assert len(run.values) + len(run.reasons) == 24
    run.check_money(known=False)
    assert run.paid + run.maybe_billed <= nano("0.006")
