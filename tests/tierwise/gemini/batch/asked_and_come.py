"""What tests of batch jobs share: requests of every kind, a job's end, and its rows by key."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tierwise.answers.forms import Form
from tierwise.answers.joint import FORMS
from tierwise.gemini.batch.jobs import BatchJobs, JobState
from tierwise.gemini.batch.rows import Row, read_row
from tierwise.gemini.settle import Ask, answers_of


def every_kind(ask_of: Any) -> Iterator[tuple[str, list[Ask], Sequence[Form]]]:
    """A request of every kind that there is, and its own forms."""
    asked = {
        "one": [ask_of(1)],
        "pack": [ask_of(1), ask_of(2)],
        "text": [ask_of(1, task="named")],
        "struct": [ask_of(1, task="found")],
        "structs": [ask_of(1, task="found"), ask_of(2, task="found")],
        "group": [ask_of(1, task="theme"), ask_of(2, task="theme")],
        "joint": [ask_of(1), ask_of(1, task="found")],
        "joints": [ask_of(number, task=task) for number in (1, 2) for task in ("shade", "found")],
    }
    for name, asks in asked.items():
        yield name, asks, FORMS if name.startswith("joint") else answers_of(asks).forms()


def ended(jobs: BatchJobs, name: str, seconds: float = 20) -> JobState:
    """A job's state once it has ended."""
    deadline = time.monotonic() + seconds
    while not (state := jobs.look(name)).ended:
        assert time.monotonic() < deadline, state
        time.sleep(0.05)
    return state


def rows_of(path: Path) -> dict[str | None, Row]:
    """The rows of a file of results."""
    return {row.key: row for row in map(read_row, path.read_bytes().splitlines())}
