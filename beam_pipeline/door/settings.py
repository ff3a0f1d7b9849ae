"""What is written in Python or YAML, read and checked as the flags of `run` are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from tierwise.beam_pipeline.asked import at_tier, tasks_in, tasks_of
from tierwise.beam_pipeline.flags.command_line import CommandLine, Settings, read_command_line
from tierwise.tasks import Tasks

# A tasks file, or its content written out, or tasks that were loaded; None for the built-in ones.
Written = str | Mapping[str, Any] | Tasks | None


def line_of(tasks: Written, flags: Mapping[str, Any]) -> CommandLine:
    """The command line of `run` that says the same; flags that are None are left out.

    Raises:
        InputError: a flag is missing or malformed.
    """
    given = {"tasks": tasks if isinstance(tasks, str) else None, **flags}
    words = (f"--{name}={_word(value)}" for name, value in given.items() if value is not None)
    return read_command_line(["run", *words])


def tasks_from(written: Written, settings: Settings) -> Tasks:
    """The tasks, at the tier of the settings.

    Raises:
        TasksError: they cannot be read, or are malformed.
    """
    if isinstance(written, Tasks):
        return at_tier(written, settings.service_tier)
    if not isinstance(written, Mapping):
        return tasks_of(settings)
    text = yaml.safe_dump(_plain(written), sort_keys=False, allow_unicode=True)
    return at_tier(tasks_in(text), settings.service_tier)


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain(value: Any) -> Any:
    """Without the line numbers that Beam YAML keeps in mappings."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items() if not str(k).startswith("__")}
    return [_plain(one) for one in value] if isinstance(value, list) else value
