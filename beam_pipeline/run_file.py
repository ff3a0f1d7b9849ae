"""`run.json` while a run goes on and when it breaks off; a run that ends writes it itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tierwise.accounts.ending import EXIT_STATUS, Status
from tierwise.accounts.table_names import RUN_FILE
from tierwise.beam_pipeline.job import Job
from tierwise.beam_pipeline.launch import unwritable
from tierwise.beam_pipeline.pilot_checks import TABLES_OF_FIRST, tables_of_first
from tierwise.json_text import read_json_text
from tierwise.storage.files import files_for, join

_NOTHING: Mapping[str, Any] = {}


def open_run(job: Job) -> None:
    """Say that a run is going on.

    Raises:
        InputError: the output cannot be written.
    """
    try:
        _write(job, _unfinished(job, Status.RUNNING))
    except OSError as error:
        raise unwritable(job.output, error) from error


def break_off(
    job: Job, status: Status = Status.BROKE_OFF, more: Mapping[str, Any] = _NOTHING
) -> None:
    """Say that the run did not come to its end, and perhaps `more`."""
    _write(job, _unfinished(job, status) | dict(more))


def read_run(job: Job) -> dict[str, Any]:
    """The content of `run.json`."""
    uri = join(job.output, RUN_FILE)
    content: dict[str, Any] = read_json_text(files_for(uri).read(uri))
    return content


def complete_run(job: Job, **more: Any) -> dict[str, Any]:
    """Add to what a finished run wrote."""
    content = read_run(job) | more
    _write(job, content)
    return content


def _unfinished(job: Job, status: Status) -> dict[str, Any]:
    """The tables that are in place, and are listed, are still those of the run before."""
    try:
        before = read_run(job)
        kept = {"tables": before.get("tables", []), TABLES_OF_FIRST: tables_of_first(before)}
    except (FileNotFoundError, ValueError, AttributeError, KeyError, TypeError):
        kept = {"tables": []}
    exit_status = EXIT_STATUS.get(status)
    return {**job.facts, "status": status, "exit_status": exit_status, **_without_none(kept)}


def _without_none(some: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in some.items() if value is not None}


def _write(job: Job, content: dict[str, Any]) -> None:
    uri = join(job.output, RUN_FILE)
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    files_for(uri).write(uri, text.encode())
