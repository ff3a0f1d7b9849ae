"""A run that has batch jobs goes on, under its name, when the command is started again."""

from __future__ import annotations

import json
from typing import Any

from tierwise.accounts.ending import Status
from tierwise.accounts.table_names import RUN_FILE
from tierwise.batches.job_files import JobFiles
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.json_text import read_json_text
from tierwise.storage.files import files_for, join


def continued_run(output: str, settings: Settings, told: dict[str, Any]) -> str:
    """The id of the run to go on with, empty where this is a new one.

    So its account has all that was paid from the first job to the last, however often it was left,
    or killed.

    Args:
        output: where the run before has left its `run.json`.
        settings: the flags of this start.
        told: what `run.json` says of the questions and of who answers; another question, archive or
            answerer is another run.
    """
    try:
        before = read_json_text(files_for(output).read(join(output, RUN_FILE)))
    except (OSError, ValueError):
        return ""
    if not isinstance(before, dict) or "ended_at" in before:
        return ""
    run_id = str(before.get("run_id", ""))
    left = before.get("status") == Status.UNDER_WAY
    if not (left or _has_jobs(output, run_id)):
        return ""
    told = {**told, "flags": {"input": settings.input, "first": settings.first}}
    flags = before.get("flags")
    if not isinstance(flags, dict):
        return ""
    known = {name: before.get(name) for name in told}
    known["flags"] = {"input": flags.get("input"), "first": flags.get("first")}
    same = json.dumps(known, sort_keys=True) == json.dumps(told, sort_keys=True)
    return run_id if same else ""


def _has_jobs(output: str, run_id: str) -> bool:
    """Whether a run has ordered batch jobs."""
    return any(job.order.run_id == run_id for job in JobFiles(join(output, "journal")).all())
