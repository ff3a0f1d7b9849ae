"""`run.json` while a run goes on and when it breaks off; a run that ends writes it itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tierwise.accounts.ending import EXIT_STATUS, Status
from tierwise.accounts.table_names import RUN_FILE
from tierwise.batches.job_facts import batch_facts
from tierwise.beam_pipeline.job import Job
from tierwise.beam_pipeline.writable import unwritable
from tierwise.journal.run_records import Lease
from tierwise.json_text import read_json_text
from tierwise.publishing.fenced_write import fenced_write
from tierwise.publishing.tables_in_place import tables_in_place
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


def leave_under_way(job: Job, lease: Lease) -> dict[str, Any]:
    """Leave batch jobs to a later start of the same command, which goes on as this run.

    Gives what `run.json` says of them.
    """
    journal = job.plan.journal
    break_off(job, Status.UNDER_WAY, batch_facts(job.terms.files(journal).all(), journal.run_id))
    lease.end(untraced_requests=0)
    return read_run(job)


def _unfinished(job: Job, status: Status) -> dict[str, Any]:
    told = {"status": status, "exit_status": EXIT_STATUS.get(status)}
    return {**job.facts, **told, **tables_in_place(job.output)}


def _write(job: Job, content: dict[str, Any]) -> None:
    """Raises LeaseLostError where another run has the output by now."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    fenced_write(job.output, RUN_FILE, text.encode(), job.plan.journal)
