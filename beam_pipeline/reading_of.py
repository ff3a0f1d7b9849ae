"""How a run reads the journal of its output: whose answers and money there are this run's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tierwise.accounts.table_names import RUN_FILE
from tierwise.answerer import Answerer, ServiceKind, answerer_of_run
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.flags.reasons import read_reasons
from tierwise.errors import InputError
from tierwise.gemini.service import Service
from tierwise.gemini.settle import RAISED_LIMIT
from tierwise.journal.reading import Reading
from tierwise.journal.run_records import all_runs
from tierwise.json_text import read_json_text
from tierwise.questions import Questions
from tierwise.storage.files import files_for, join


def reading_of(settings: Settings, questions: Questions, service: Service) -> Reading:
    """How a run with these flags reads what lies in its output, where there is anything."""
    output = (settings.output or "").rstrip("/") or settings.output
    return Reading(
        answerer=service.answerer,
        runs=_answerers(output) if output else {},
        takes_unsigned=settings.take_unsigned,
        ask_again=read_reasons(settings.ask_again or "", "ask_again"),
        limits={task.name: task.max_output_tokens * RAISED_LIMIT for task in questions.tasks},
    )


def reading_of_last(output: str) -> Reading:
    """How the run that has just ended there read the journal, as far as money goes."""
    run = read_run_file(output)
    return Reading(
        answerer=Answerer(ServiceKind(run["answerer"]["service"]), run["answerer"]["emulator"]),
        runs=_answerers(output),
        takes_unsigned=run["flags"]["take_unsigned"],
    )


def _answerers(output: str) -> Mapping[str, Answerer]:
    """Who answered earlier runs, by their records; that of the last one by `run.json` else."""
    try:
        records = [lease.record for lease in all_runs(join(output, "journal", "runs"))]
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"--output={output}: cannot be read: {reason}.") from error
    return _of_last(output) | {one.run_id: one.answerer for one in records if one.answerer}


def _of_last(output: str) -> dict[str, Answerer]:
    run = read_run_file(output)
    answerer, run_id = answerer_of_run(run), run.get("run_id")
    return {run_id: answerer} if answerer and isinstance(run_id, str) else {}


def read_run_file(output: str) -> Mapping[str, Any]:
    """What `run.json` says of the last run into an output; nothing where there is none."""
    try:
        run = read_json_text(files_for(output).read(join(output, RUN_FILE)))
    except (OSError, ValueError, RecursionError):
        return {}
    return run if isinstance(run, dict) else {}
