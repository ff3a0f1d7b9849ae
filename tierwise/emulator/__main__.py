"""The process behind `running_emulator`: reads one line of JSON config, then serves."""

from __future__ import annotations

import sys

from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.server import serve
from tierwise.errors import InputError


def main() -> int:
    """Exit status 2 when the config cannot be served; the reason goes to standard output."""
    try:
        # Unbuffered by the line: whoever waits for the end of standard input reads the same pipe.
        serve(EmulatorConfig.from_json(sys.stdin.buffer.readline().decode()))
    except InputError as error:
        sys.stdout.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
