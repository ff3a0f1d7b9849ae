"""Runs that die on the way: what was paid is found again."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from rich.console import Console

from tests.confined import confined
from tierwise.answerer import ServiceKind
from tierwise.answering.plan import Plan
from tierwise.beam_pipeline.run_pipeline import PipelineEnd, run_pipeline
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.gemini.service import Service
from tierwise.journal.journal_files import JournalFiles
from tierwise.questions import as_written
from tierwise.records import Answered
from tierwise.storage.find_input import find_input
from tierwise.tasks import load_tasks
from tierwise.transforms.ask_images import AskImages
from tierwise.transforms.asking_fn import SharedEngine
from tierwise.transforms.list_images import ListImages
from tierwise.transforms.share_duplicates import ShareDuplicates

ROOT = Path(__file__).parents[2]
TASKS = 'model: gemini-3.1-flash-lite\ntasks: {a: {prompt: "Light?", labels: [dark, bright]}}\n'
IMAGES, IN_FLIGHT = 40, 4


def paid(gemini: Any) -> Counter[str]:
    """How often each image was paid for."""
    return Counter(image for line in gemini.requests() for image in line["images"])


class Dies(beam.DoFn):
    """Dies when so many answers have reached it, after they were paid and before they go on."""

    def __init__(self, after: int) -> None:
        self._left = after

    def process(self, answered: Answered) -> Any:
        self._left -= 1
        if self._left < 0:
            raise ConnectionError("the worker is gone")
        yield answered


@pytest.mark.parametrize("flags", [(), ("--direct_running_mode=multi_threading",)])
def test_a_worker_that_dies_before_it_hands_on_pays_nothing_twice(
    flags: tuple[str, ...], photos: Callable[..., Path], gemini: Any, tmp_path: Path
) -> None:
    tasks = as_written(load_tasks(TASKS, path="tasks.yaml"))
    folder = photos(IMAGES)
    reached = []
    for attempt, dies_after in enumerate((0, 7, 25, IMAGES)):
        journal = JournalFiles(str(tmp_path / "journal"), f"run-{attempt}", 1)
        plan = Plan(tasks, Service(ServiceKind.EMULATOR, gemini.url), journal, IN_FLIGHT)

        def define(root: Any, plan: Plan = plan, dies_after: int = dies_after) -> None:
            asked = (
                (root | ListImages(find_input(str(folder), excluded="")))["files"]
                | ShareDuplicates(tasks, 1)
                | AskImages(SharedEngine(plan))
            )
            _ = asked.answered | beam.ParDo(Dies(dies_after))

        options = beam_options(flags)
        lease = plan.journal.lease
        done = run_pipeline(
            define, options, Console(stderr=True), verb="asking", files=IMAGES, lease=lease
        )
        reached.append(done)
    assert reached == [*[PipelineEnd.BROKE_OFF] * 3, PipelineEnd.DONE]
    assert len(paid(gemini)) == IMAGES
    assert set(paid(gemini).values()) == {1}


def test_a_disk_that_takes_no_more_breaks_the_run_off(
    photos: Callable[..., Path], gemini: Any, tmp_path: Path
) -> None:
    """Files may have so many bytes: first too few for `run.json`, then too few for a table."""
    folder = photos(IMAGES)
    (tmp_path / "tasks.yaml").write_text(TASKS)
    words = [f"--input={folder}", f"--tasks={tmp_path}/tasks.yaml", f"--output={tmp_path}/out"]
    words += [f"--gemini_endpoint={gemini.url}", f"--requests_in_flight={IN_FLIGHT}"]

    def run(most_bytes: int | None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            confined("-m", "beam_pipeline", "run", *words, file_bytes=most_bytes),
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )

    refused = run(200)
    assert refused.returncode == 2, refused.stderr
    assert "cannot be written: File too large" in refused.stderr
    assert gemini.requests() == []
    full = run(14_000)  # enough for the journal and what is about to be sent
    assert full.returncode == 1, full.stderr
    assert "the output cannot be written any more" in full.stderr
    assert "Traceback" not in full.stderr
    assert not (tmp_path / "out" / "answers").exists()
    again = run(None)
    assert again.returncode == 0, again.stderr
    assert set(paid(gemini).values()) == {1}
    assert len(paid(gemini)) == IMAGES
