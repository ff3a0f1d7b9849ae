"""The `tierwise` command: `python -m tierwise VERB [flags]`.

Exit status: 0 done; 1 the run broke off; 2 refused before spending; 3 done, but some rows are left.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any, NoReturn

from tierwise.beam_pipeline.flags.command_line import read_command_line
from tierwise.beam_pipeline.own_process import (
    INTERRUPTED,
    import_for_good,
    run_as_process,
)
from tierwise.beam_pipeline.terminal.plain_text import plain
from tierwise.errors import InputError


def command(words: Sequence[str] | None = None) -> NoReturn:
    """Run a verb, and end this process with the exit status."""
    run_as_process(partial(main, words, fetch=import_for_good))


def main(words: Sequence[str] | None = None, *, fetch: Callable[[str], Any] = import_module) -> int:
    """Run a verb and return the exit status; `fetch` imports its module."""
    try:
        line = read_command_line(sys.argv[1:] if words is None else words)
        if tasks := line.tasks_to_read:
            fetch("tierwise.beam_pipeline.first_check").check_tasks(tasks)
        # Imported by name, because a verb's module may bring Beam, and help must not wait for it.
        verb = fetch(f"tierwise.beam_pipeline.commands.{line.verb}")
        status: int = verb.main(line.settings, line.beam_flags)
    except InputError as error:
        print(f"tierwise: {plain(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # before a run has its own way to end
        print(INTERRUPTED, file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    command()
