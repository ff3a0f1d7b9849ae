"""A run that outlives its launcher: its workers keep the lease, its last step ends it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.beam_pipeline.conftest import job_of_words
from tierwise.beam_pipeline.__main__ import main
from tierwise.beam_pipeline.graph import define_pipeline
from tierwise.beam_pipeline.job import Job, handed_over
from tierwise.beam_pipeline.lease_keeper import begin
from tierwise.beam_pipeline.run_pipeline import PipelineEnd, run_pipeline
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.errors import InputError
from tierwise.journal.lines import VERSION
from tierwise.journal.run_record import DEAD_AFTER, new_record
from tierwise.journal.run_records import Lease, take_lease

Photos = Callable[..., Path]


@pytest.fixture
def job(gemini: Any, photos: Photos, tmp_path: Path) -> Job:
    """A job whose lease its workers keep, as they do on a cluster; the launcher is gone."""
    flags = [f"--input={photos(4)}", f"--output={tmp_path}/out"]
    built = job_of_words([*flags, f"--gemini_endpoint={gemini.url}"])
    lease = begin(built, workers=3, handed_over=True)
    silent = replace(lease.record, heartbeat_at=ago(DEAD_AFTER / 2))
    lease._write(silent)
    return replace(built, lease=Lease(lease.folder, lease.number, silent))


def ago(span: timedelta) -> str:
    return (datetime.now(UTC) - span).isoformat(timespec="seconds")


def run(job: Job) -> PipelineEnd:
    return run_pipeline(
        lambda root: define_pipeline(root, job),
        beam_options([]),
        Console(stderr=True),
        verb="asking",
        files=4,
        lease=job.plan.journal.lease,
    )


def test_workers_keep_the_lease_and_the_last_step_ends_it(job: Job) -> None:
    assert job.lease
    before = job.lease.record
    path = Path(job.lease.folder, "000001.json")
    assert json.loads(path.read_text())["untraced_requests"] == 4  # of four images
    assert run(job) is PipelineEnd.DONE
    after = json.loads(path.read_text())
    ended = json.loads(path.with_name("000001.ended.json").read_text())
    assert ended["ended_at"] >= after["heartbeat_at"] > before.heartbeat_at
    assert (ended["untraced_requests"], ended["stopped"]) == (0, False)
    assert len(list(Path(job.lease.folder, "000001-workers").iterdir())) == 1
    content = json.loads(Path(job.output, "run.json").read_text())
    assert (content["status"], content["exit_status"]) == ("done", 0)


def test_workers_share_a_limit_among_those_that_are_there(job: Job, gemini: Any) -> None:
    assert job.lease
    shared = handed_over(job, job.lease)
    plan = replace(shared.plan, requests_per_minute=6000.0, share_period_s=0.3)
    assert run(replace(shared, plan=plan)) is PipelineEnd.DONE
    assert sum(len(line["images"]) for line in gemini.requests()) == 4
    assert not Path(job.output, "journal", "workers", plan.journal.run_id).exists()


def test_a_run_that_another_took_over_asks_nothing_and_publishes_nothing(
    job: Job, gemini: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert job.lease
    job.lease._write(replace(job.lease.record, heartbeat_at=ago(timedelta(days=2))))
    other = new_record("another", untraced_requests=0, journal_version=VERSION)
    take_lease(job.lease.folder, other)
    assert run(job) is PipelineEnd.BROKE_OFF
    assert "another run, another on" in capsys.readouterr().err
    assert gemini.requests() == []
    assert not Path(job.output, "run.json").exists()
    assert not Path(job.lease.folder, "000002.ended.json").exists()


@pytest.mark.parametrize("runner", ["", "--runner=PrismRunner"])
def test_a_dry_run_builds_the_job_and_leaves_nothing(
    runner: str, gemini: Any, photos: Photos, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [f"--input={photos(3)}", f"--output={tmp_path}/out", "--dry_run=True"]
    flags += [runner] if runner else []
    assert main(["run", f"--gemini_endpoint={gemini.url}", *flags]) == 0
    assert "Nothing was submitted" in capsys.readouterr().err
    assert gemini.requests() == []
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("verb", ["calibrate", "measure", "optimize"])
def test_verbs_that_read_their_results_wait_for_them(
    verb: str, photos: Photos, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [f"--input={photos(1)}", f"--output={tmp_path}/out", "--dry_run=True"]
    assert main([verb, *flags]) == 2
    assert f"{verb} reads what its job leaves" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("runner", "told", "status", "ended"),
    [
        ("VanishingRunner", "may go on without this command", "running", False),
        ("FailingRunner", "the run broke off", "broke_off", True),
        ("UpdatedRunner", "may go on without this command", "running", False),
        ("CancellingRunner", "the job is CANCELLED", "broke_off", True),
    ],
)
def test_a_job_that_is_out_of_sight_is_not_called_dead(
    runner: str,
    told: str,
    status: str,
    ended: bool,
    gemini: Any,
    photos: Photos,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    flags = [f"--input={photos(2)}", f"--output={tmp_path}/out"]
    flags += [
        f"--gemini_endpoint={gemini.url}",
        f"--runner=tests.beam_pipeline.vanishing_runner.{runner}",
    ]
    assert main(["run", *flags]) == 1
    assert told in capsys.readouterr().err
    assert json.loads((tmp_path / "out" / "run.json").read_text())["status"] == status
    runs = tmp_path / "out/journal/runs"
    assert json.loads((runs / "000001.json").read_text())["handed_over"] is True
    assert (runs / "000001.ended.json").exists() is ended
    again = job_of_words(["run", *flags[:-1]])
    if ended:  # at once, and its workers stop
        assert begin(again, workers=1, handed_over=False).number == 2
        assert json.loads((runs / "000001.ended.json").read_text())["stopped"] is True
    else:
        with pytest.raises(InputError, match="--take_over begins at once"):
            begin(again, workers=1, handed_over=False)
