"""What is written in Python or YAML, read and checked as the flags of `run` are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tierwise.beam_pipeline.asked import at_tier, tasks_of, written_tasks
from tierwise.beam_pipeline.flags.command_line import CommandLine, Settings, read_command_line
from tierwise.beam_pipeline.flags.flag import RUN
from tierwise.tasks import Tasks

# A tasks file, or its content written out, or tasks that were loaded; None for the built-in ones.
Written = str | os.PathLike[str] | Mapping[str, Any] | Tasks | None


def line_of(tasks: Written, flags: Mapping[str, Any], verb: str = RUN) -> CommandLine:
    """The command line of a verb that says the same; flags that are None are left out.

    Raises:
        InputError: a flag is missing or malformed.
    """
    path = os.fspath(tasks) if isinstance(tasks, str | os.PathLike) else None
    given = {"tasks": path, **flags}
    words = (f"--{name}={_word(value)}" for name, value in given.items() if value is not None)
    return read_command_line([verb, *words])


def tasks_from(written: Written, settings: Settings) -> Tasks:
    """The tasks, at the tier of the settings.

    Raises:
        TasksError: they cannot be read, or are malformed.
    """
    if isinstance(written, Tasks):
        return at_tier(written, settings.service_tier)
    if not isinstance(written, Mapping):
        return tasks_of(settings)
    return at_tier(written_tasks(written), settings.service_tier)


def _word(value: Any) -> str:
    """A value as one would write it behind the flag; several stand with commas in between."""
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(map(_word, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
