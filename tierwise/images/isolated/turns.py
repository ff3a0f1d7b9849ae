"""Turns that processes take at what needs much memory: bytes of a file that all have open."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

_file: int | None = None


class Turn(IntEnum):
    """Which byte of the file stands for what: one process at a time has it."""

    HEAVY_DECODING = 0
    LARGE_FILE = 1


def share(file: int) -> None:
    """Let this process take turns with others that have a file open; by its descriptor here."""
    global _file  # noqa: PLW0603 - of the process, as its memory is
    _file = file


def shared() -> int | None:
    """The descriptor of that file; None for a process that is alone."""
    return _file


@contextmanager
def taken(turn: Turn, file: int | None) -> Iterator[None]:
    """Hold one; threads of a process do not wait for each other here."""
    if file is None:
        yield
        return
    fcntl.lockf(file, fcntl.LOCK_EX, 1, turn)
    try:
        yield
    finally:
        fcntl.lockf(file, fcntl.LOCK_UN, 1, turn)
