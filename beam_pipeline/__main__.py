"""The `tierwise` command: `python -m tierwise VERB [flags]`.

Exit status: 0 done; 1 the run broke off; 2 refused before spending; 3 done, but some rows are left.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from tierwise.beam_pipeline.flags.command_line import read_command_line
from tierwise.beam_pipeline.terminal.plain_text import plain
from tierwise.errors import InputError


def main(words: Sequence[str] | None = None) -> int:
    """Run a verb and return the exit status."""
    try:
        line = read_command_line(sys.argv[1:] if words is None else words)
        # Imported by name, because a verb's module may bring Beam, and help must not wait for it.
        command = importlib.import_module(f"tierwise.beam_pipeline.commands.{line.verb}")
        status: int = command.main(line.settings, line.beam_flags)
    except InputError as error:
        print(f"tierwise: {plain(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # before a run has its own way to end
        print("tierwise: interrupted before anything was asked.", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
