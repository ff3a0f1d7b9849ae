"""Batch jobs that nobody waits for: the last step hands them in, the next start collects them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.beam_pipeline.conftest import job_of_words
from tierwise.batches.watch import End
from tierwise.beam_pipeline.__main__ import main
from tierwise.beam_pipeline.batch_rounds import Rounds
from tierwise.beam_pipeline.graph import define_pipeline
from tierwise.beam_pipeline.job import Job
from tierwise.beam_pipeline.lease_keeper import begin
from tierwise.beam_pipeline.run_pipeline import PipelineEnd, run_pipeline
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.publishing.publish_run import publish

Photos = Callable[..., Path]


@pytest.fixture
def words(gemini: Any, photos: Photos, tmp_path: Path) -> list[str]:
    return [
        f"--input={photos(4)}",
        f"--output={tmp_path}/out",
        f"--gemini_endpoint={gemini.url}",
        "--service_tier=batch",
    ]


def launched(words: list[str]) -> Job:
    """A job as a launcher builds it that goes away at once: its workers keep the lease."""
    built = job_of_words(words)
    lease = begin(built, workers=3, handed_over=True)
    return replace(built, lease=lease, hands_in=True)


def run(job: Job) -> dict[str, Any]:
    ended = run_pipeline(
        lambda root: define_pipeline(root, job),
        beam_options([]),
        Console(stderr=True),
        verb="asking",
        files=4,
        lease=job.plan.journal.lease,
    )
    assert ended is PipelineEnd.DONE
    content: dict[str, Any] = json.loads(Path(job.output, "run.json").read_text())
    return content


def collected(job: Job) -> Rounds:
    """What the next launcher finds, once the jobs of the last one have ended."""
    rounds = Rounds(job, Console(stderr=True))
    until = time.monotonic() + 30
    while rounds.watch(wait_s=0.0) is End.LEFT:
        assert time.monotonic() < until
        time.sleep(0.1)
    return rounds


def test_the_last_step_hands_in_and_the_next_start_publishes(words: list[str], gemini: Any) -> None:
    first = launched(words)
    run_json = run(first)
    assert (run_json["status"], run_json["exit_status"]) == ("under_way", 4)
    assert run_json["tables"] == []
    (job,) = run_json["batch"]["jobs"]
    assert (job["state"], job["images"]) == ("under way", 4)
    assert first.lease
    assert first.lease.latest().ended_at  # so that the next start may begin

    second = launched(words)
    assert second.plan.journal.run_id == first.plan.journal.run_id  # one run, one account
    done = run(collected(second).next_pass)
    assert (done["status"], done["exit_status"]) == ("done", 0)
    assert done["totals"]["cost_usd"] == f"{Decimal(gemini.billed()) / 10**9:.9f}"
    assert gemini.billed() > 0
    assert all(line["batch"] for line in gemini.requests())


def test_a_last_step_that_is_done_twice_makes_no_job_twice(words: list[str], gemini: Any) -> None:
    job = launched(words)
    run(job)
    publication = job.publication
    parts = publication.terms.files(publication.journal).written(publication.journal.run_id)
    publish(publication, [], [], {}, written=parts)
    collected(launched(words))
    (asked,) = gemini.requests()
    assert len(asked["images"]) == 4


def test_nothing_is_asked_while_jobs_are_under_way(words: list[str], gemini: Any) -> None:
    gemini.faults({"kind": "batch_stuck"})
    run(launched(words))
    second = launched(words)
    assert Rounds(second, Console(stderr=True)).watch(wait_s=0.0) is End.LEFT
    assert gemini.requests() == []


def test_whose_tables_are_in_place_is_known_while_jobs_are_under_way(
    words: list[str], gemini: Any
) -> None:
    pilot = [word for word in words if word != "--service_tier=batch"]
    assert main(["run", *pilot, "--first=2"]) == 0
    before = len(gemini.requests())
    more = [*words, "--first=3"]
    left = run(launched(more))
    assert (left["status"], left["tables_of_first"]) == ("under_way", 2)
    assert run(collected(launched(more)).next_pass)["status"] == "done"
    assert len(gemini.requests()) == before + 1
