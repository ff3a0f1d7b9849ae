"""How many connections fit beside the files that a process must be able to open."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from typing import TypeVar

try:
    import resource
except ImportError:  # not on Windows, which has no such limit
    resource = None  # type: ignore[assignment]

Opened = TypeVar("Opened")

# Pictures that are read, helpers that decode them, the journal, tables, Beam's own.
_FILES = 96
_WAIT_S, _LONGEST_WAIT_S = 0.02, 10.0


def room_for(connections: int) -> int:
    """How many of so many connections may be open at a time, at least one.

    The limit of open files is raised as far as the system lets it.
    """
    if resource is None:
        return connections
    others = _in_use() + _FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + others
    if 0 <= soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        except (OSError, ValueError):
            most = soft
        return max(1, min(connections, most - others))
    return connections


def patiently(open_: Callable[[], Opened]) -> Opened:
    """Open a file; where too many are open, wait a little for one to be closed."""
    until = time.monotonic() + _LONGEST_WAIT_S
    while True:
        try:
            return open_()
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE) or time.monotonic() > until:
                raise
        time.sleep(_WAIT_S)


def _in_use() -> int:
    for folder in ("/proc/self/fd", "/dev/fd"):
        try:
            return len(os.listdir(folder))  # noqa: PTH208 - names alone
        except OSError:
            continue
    return 0
