"""A bug of ours hides nowhere: the run ends, with the traceback and the image it fell over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.beam_pipeline.conftest import job_of_words
from tierwise.answers.forms import Form
from tierwise.answers.labels import OneLabel
from tierwise.beam_pipeline.graph import define_pipeline
from tierwise.beam_pipeline.job import Job
from tierwise.beam_pipeline.run_pipeline import PipelineEnd, run_pipeline
from tierwise.beam_pipeline.runners.beam_options import beam_options

TASKS = 'model: gemini-3.1-flash-lite\ntasks: {a: {prompt: "Light?", labels: [dark, bright]}}\n'


class Buggy(OneLabel):
    """Falls over every reply."""

    def parse(self, text: str, form: Form | None = None) -> str:
        raise KeyError("a bug of ours")


def job_of(folder: Path, output: Path, url: str) -> Job:
    tasks = output.parent / "tasks.yaml"
    tasks.write_text(TASKS)
    words = [f"--input={folder}", f"--output={output}", f"--tasks={tasks}"]
    return job_of_words([*words, f"--gemini_endpoint={url}"])


def with_bug(job: Job) -> Job:
    [task] = job.plan.questions.tasks
    assert isinstance(task.answer, OneLabel)
    buggy = replace(task, answer=Buggy(task.answer.labels))
    questions = replace(job.plan.questions, tasks=(buggy,))
    return replace(job, plan=replace(job.plan, questions=questions))


def run(job: Job, *flags: str) -> bool:
    ended = run_pipeline(
        lambda root: define_pipeline(root, job),
        beam_options(flags),
        Console(stderr=True),
        verb="asking",
        files=1,
        lease=job.plan.journal.lease,
    )
    return ended is PipelineEnd.DONE


@pytest.mark.parametrize("flags", [(), ("--direct_running_mode=multi_threading",)])
def test_a_bug_ends_the_run_and_names_the_image(
    flags: tuple[str, ...],
    photos: Callable[..., Path],
    gemini: Any,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    folder = photos(1)
    job = job_of(folder, tmp_path / "out", gemini.url)
    assert not run(with_bug(job), *flags)
    err = capfd.readouterr().err
    assert "Traceback" in err
    assert "KeyError: 'a bug of ours'" in err
    assert "in parse" in err
    assert str(folder / "000.jpg") in err
    assert err.rstrip().endswith("run the same command again, and it goes on from here.")
    assert not (tmp_path / "out" / "run.json").exists()


def test_a_bug_spoils_no_earlier_tables(
    photos: Callable[..., Path], classify: Callable[..., Any], gemini: Any, tmp_path: Path
) -> None:
    folder = photos(3)
    before = classify(folder, tasks=TASKS).values
    photos(1, first=3)
    job = job_of(folder, tmp_path / "out", gemini.url)
    assert not run(with_bug(job))
    after = classify(folder, tasks=TASKS)
    assert {key: value for key, value in after.values.items() if key in before} == before
    assert len(after.values) == 4
