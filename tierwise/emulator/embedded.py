"""An emulator of one's own: a child process that lives as long as it is needed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tierwise.emulator.config import EmulatorConfig
from tierwise.errors import InputError

_ADDRESS = re.compile(r"listening on (\S+)")
_ROOT = Path(__file__).resolve().parents[2]
_SECONDS_TO_END = 5


@contextmanager
def running_emulator(config: EmulatorConfig) -> Iterator[str]:
    """A running emulator; gives its base URL and ends it afterwards.

    It ends with this process however that ends, because its standard input closes then. Ctrl-C in a
    terminal reaches only this process, so requests in flight can still be answered.

    Raises:
      InputError: the faults, the known pictures or the address cannot be used.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "tierwise.emulator"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        # The working directory may hold a json.py: nothing is imported from there.
        env={**os.environ, "PYTHONPATH": _python_path(), "PYTHONSAFEPATH": "1"},
        start_new_session=True,
    )
    try:
        yield _started(process, replace(config, exit_with_parent=True))
    finally:
        _end(process)


def _python_path() -> str:
    return os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))


def _started(process: subprocess.Popen[str], config: EmulatorConfig) -> str:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the emulator was started without pipes")
    process.stdin.write(config.to_json() + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    found = _ADDRESS.search(line)
    if not found:
        raise InputError(line.strip() or "the emulator ended before it listened; see its message.")
    return found[1]


def _end(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
