"""A machine that ends processes, as kernels do where memory is short."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def children(parent: int, name: bytes) -> list[int]:
    """The processes that somebody has started of such a command."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            process = int(entry.name)
            status = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(status[1]) == parent and name in (entry / "cmdline").read_bytes():
                found.append(process)
    return found


@contextmanager
def killed_children(name: bytes) -> Iterator[None]:
    """Meanwhile each process of such a command that this one starts is killed."""
    ended = threading.Event()

    def kill() -> None:
        while not ended.wait(0.02):
            for process in children(os.getpid(), name):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
