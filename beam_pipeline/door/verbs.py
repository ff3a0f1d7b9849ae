"""The verbs beside `run` as functions, with the flags of the command as keywords."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tierwise.beam_pipeline.commands import calibrate as calibrate_command
from tierwise.beam_pipeline.commands import compare as compare_command
from tierwise.beam_pipeline.commands import export as export_command
from tierwise.beam_pipeline.commands import measure as measure_command
from tierwise.beam_pipeline.commands import plan as plan_command
from tierwise.beam_pipeline.commands import review as review_command
from tierwise.beam_pipeline.door.settings import Written, line_of
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.flags.flag import (
    CALIBRATE,
    COMPARE,
    EXPORT,
    MEASURE,
    PLAN,
    REVIEW,
)
from tierwise.beam_pipeline.function_call import as_function
from tierwise.errors import InputError, TierwiseError
from tierwise.tasks import Tasks

Command = Callable[[Settings, tuple[str, ...]], int]


def plan(*, tasks: Written = None, **flags: Any) -> dict[str, Any]:
    """The forecast of `tierwise plan`, as `--json` prints it; spends nothing.

    Takes its flags as keywords; raises InputError where it would refuse.
    """
    return _document(PLAN, plan_command.main, tasks, flags)


def measure(*, tasks: Written = None, **flags: Any) -> dict[str, Any]:
    """What `tierwise measure` measures, as `--json` prints it; with the same flags and refusals."""
    return _document(MEASURE, measure_command.main, tasks, flags)


def calibrate(*, tasks: Written = None, **flags: Any) -> dict[str, Any]:
    """The calibration that `tierwise calibrate` writes; with the same flags and refusals."""
    return _document(CALIBRATE, calibrate_command.main, tasks, flags)


def compare(old: str, new: str, **flags: Any) -> dict[str, Any]:
    """What `tierwise compare` finds between two outputs, as `--json` prints it."""
    return _document(COMPARE, compare_command.main, None, {"old": old, "new": new, **flags})


def export(**flags: Any) -> None:
    """Write a finished run as `tierwise export` does; `to` may be a list of forms."""
    _call(EXPORT, export_command.main, None, flags)


def review(**flags: Any) -> None:
    """Write pictures for people to label, as `tierwise review` does."""
    _call(REVIEW, review_command.main, None, flags)


def _document(
    verb: str, command: Command, tasks: Written, flags: Mapping[str, Any]
) -> dict[str, Any]:
    """What a command would print for programs; its exit status where that is nothing."""
    documents, status = _call(verb, command, tasks, {**flags, "json": True})
    found: dict[str, Any] = documents[-1] if documents else {"exit_status": status}
    return found


def _call(
    verb: str, command: Command, tasks: Written, flags: Mapping[str, Any]
) -> tuple[list[Any], int]:
    with as_function() as call:
        line = line_of(tasks, flags, verb)
        if isinstance(tasks, Tasks) and verb != PLAN:  # what it leaves tells of a file's content
            raise InputError(f"{verb}: give a tasks file, or its content as a mapping.")
        if isinstance(tasks, Mapping | Tasks):
            line.settings.tasks = tasks
        status = command(line.settings, line.beam_flags)
    if status == 1 and call.said:
        raise TierwiseError(" ".join(call.said)) from call.cause
    return call.documents, status
