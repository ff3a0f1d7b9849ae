"""Batch jobs that one start leaves and another collects: one account, whatever has changed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.batch_runs import BatchRuns, paid_twice
from tests.conftest import EmulatedGemini
from tierwise.beam_pipeline.__main__ import main
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator

Photos = Callable[..., Path]
MODEL = "model: gemini-3.1-flash-lite\ntogether: false\ntasks:\n"
SHADE = '  shade: {prompt: "How light is it?", labels: [dark, bright]}\n'
HUE = '  hue: {when: \'shade == "bright"\', prompt: "Which colour?", labels: [red, green, blue]}\n'
OTHER = '  other: {prompt: "Which colour is it?", labels: [red, green, blue]}\n'
GROUP = '  all: {prompt: "What do they show?", labels: [dark, bright], per: folder}\n'
LEAVE = ("--service_tier=batch", "--batch_wait=0")
# Long enough for the jobs of so small an archive.
soon = partial(time.sleep, 0.5)


@pytest.mark.parametrize("fallback", ["flex", "none"])
def test_a_chain_of_starts_has_one_account(
    fallback: str, batch_runs: BatchRuns, photos: Photos
) -> None:
    standard = batch_runs.standard(photos(20), tasks=MODEL + SHADE + HUE)
    # The first start leaves a job that could not be created.
    batch_runs.gemini.faults({"kind": "batch_refused", "count": 1})
    run = batch_runs.run(
        photos(20),
        *LEAVE,
        f"--batch_fallback={fallback}",
        tasks=MODEL + SHADE + HUE,
        most_starts=9,
        between=soon,
    )
    run.check(standard)
    assert paid_twice(run.gemini) == []
    assert len(run.statuses) > 2
    assert set(run.statuses[:-1]) == {4}
    assert run.costs == run.paid
    assert run.tiers.keys() == ({"batch", "flex"} if fallback == "flex" else {"batch"})


def test_jobs_are_collected_after_the_tasks_have_changed(
    batch_runs: BatchRuns, photos: Photos
) -> None:
    left = batch_runs.run(photos(12), *LEAVE, tasks=MODEL + SHADE)
    assert left.statuses == (4,)
    soon()
    paid = batch_runs.gemini.billed()
    changed = batch_runs.run(photos(12), "--service_tier=batch", tasks=MODEL + OTHER)
    assert (changed.statuses, len(changed.values)) == ((0,), 12)
    changed.check_money()
    assert changed.costs == changed.paid - paid
    # What was paid before is answered still.
    back = batch_runs.run(photos(12), tasks=MODEL + SHADE)
    assert (back.costs, len(back.values), back.tiers["batch"]) == (0, 12, 12)
    back.check_money()


def test_one_task_by_jobs_and_others_at_once(batch_runs: BatchRuns, photos: Photos) -> None:
    tasks = MODEL + SHADE + HUE.replace("{when", "{service_tier: batch, when")
    tasks += "  title: {when: 'hue == \"red\"', prompt: A title, text: {max_length: 60}}\n"
    standard = batch_runs.standard(photos(20), tasks=tasks)
    run = batch_runs.run(photos(20), "--batch_wait=0", tasks=tasks, most_starts=5, between=soon)
    run.check(standard)
    assert run.statuses == (4, 0)
    assert paid_twice(run.gemini) == []
    assert run.tiers.keys() == {"batch", "standard"}
    assert "journal_gaps" not in run.run


def test_questions_that_no_job_answers_are_given_up(batch_runs: BatchRuns, photos: Photos) -> None:
    for number in range(3):
        photos(2, folder=f"photos/{number}", first=2 * number)
    batch_runs.gemini.faults({"kind": "batch_row_error", "share": 1.0})
    flags = ("--service_tier=batch", "--batch_fallback=none")
    run = batch_runs.run(batch_runs.folder / "photos", *flags, tasks=MODEL + SHADE + GROUP)
    assert set(run.reasons.values()) == {"unavailable"}
    assert len(run.reasons) == 12
    assert [job["errors"] for job in run.jobs] == [9, 9, 9]
    run.check_money()


def test_a_job_that_finds_no_room_is_given_up_at_its_deadline(
    batch_runs: BatchRuns, photos: Photos
) -> None:
    standard = batch_runs.standard(photos(6), tasks=MODEL + SHADE)
    batch_runs.gemini.faults({"kind": "batch_queue_full"})
    flags = ("--service_tier=batch", "--batch_deadline=1s")
    run = batch_runs.run(photos(6), *flags, tasks=MODEL + SHADE)
    run.check(standard)
    assert run.tiers == {"flex": 6}


def test_another_answerers_jobs_are_left_alone(batch_runs: BatchRuns, photos: Photos) -> None:
    left = batch_runs.run(photos(6), *LEAVE, tasks=MODEL + SHADE)
    assert left.statuses == (4,)
    with running_emulator(EmulatorConfig(interference=0.01)) as url:
        other = BatchRuns(EmulatedGemini(url), batch_runs.folder)
        run = other.run(photos(6), "--service_tier=batch", tasks=MODEL + SHADE)
        assert (run.statuses, len(run.values), run.costs) == ((0,), 6, run.gemini.billed())
        assert [job["state"] for job in run.jobs] == ["under way", "taken"]
    back = batch_runs.run(photos(6), "--service_tier=batch", tasks=MODEL + SHADE)
    assert len(back.values) == 6
    back.check_money()
    assert paid_twice(batch_runs.gemini) == []


def test_a_calibration_goes_on_with_its_jobs(batch_runs: BatchRuns, photos: Photos) -> None:
    folder, gemini = batch_runs.folder, batch_runs.gemini
    names = sorted(path.name for path in photos(12).iterdir())
    lines = [
        f"photos/{name},{'dark' if place % 2 else 'bright'}" for place, name in enumerate(names)
    ]
    (folder / "labels.csv").write_text("\n".join(["uri,shade", *lines]), "utf-8")
    (folder / "tasks.yaml").write_text(MODEL + SHADE, "utf-8")
    words = [f"--input={folder}/labels.csv", f"--tasks={folder}/tasks.yaml", *LEAVE]
    words += [f"--output={folder}/calibrated", f"--gemini_endpoint={gemini.url}"]
    words += ["--routes=high,low", "--margin=0.3", "--routing=task"]
    assert main(["calibrate", *words]) == 4
    soon()
    assert main(["calibrate", *words]) == 0
    run = json.loads((folder / "calibrated/run.json").read_text("utf-8"))
    assert (
        run["totals"]["cost_usd"]
        == json.loads(gemini.control("GET", "/emulator/bill"))["total_usd"]
    )
    assert paid_twice(gemini) == []


BROKEN = {"kind": "batch_row_error", "share": 1.0, "status": 500, "message": "broken"}


@pytest.mark.parametrize(("share", "status"), [(1.0, 2), (0.7, 1)], ids=["unpaid", "paid"])
def test_a_trial_in_vain_does_not_double_the_price(
    share: float, status: int, batch_runs: BatchRuns, photos: Photos
) -> None:
    """Where what jobs leave is asked at a dearer tier, nobody is switched to it silently."""
    # At this price the other tier costs more than the cent that small rounds may.
    tasks = MODEL.replace("3.1-flash-lite", "3.8-flash") + SHADE
    batch_runs.gemini.faults({**BROKEN, "share": share, "count": 1})
    flags = ("--service_tier=batch", "--batch_fallback=standard")
    run = batch_runs.run(photos(260), *flags, tasks=tasks)
    # Status 2 is for what was refused before anything was spent.
    assert run.statuses == (status,)
    assert (batch_runs.gemini.billed() > 0) is (status == 1)
    again = batch_runs.run(photos(260), *flags, tasks=tasks)
    assert again.statuses == (0,)
    assert len(again.values) == 260
    # The rows of the trial alone.
    assert again.tiers["standard"] <= 200
    assert again.tiers["batch"] >= 60
    again.check_money()
