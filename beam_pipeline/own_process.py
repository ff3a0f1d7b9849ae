"""A process that is a command's alone: what it imports stays, and is not taken apart at the end."""

from __future__ import annotations

import atexit
import gc
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from types import FrameType, ModuleType
from typing import Any, NoReturn, TextIO

INTERRUPTED = "tierwise: interrupted before anything was asked."


def import_for_good(name: str) -> ModuleType:
    """Import a module without looking for garbage, now or later, among what it brings.

    Beam alone brings half a million objects, none of which is ever free; each look takes as long as
    thirty modules. Ctrl-C ends the process meanwhile.
    """
    gc.disable()
    try:
        with _ended_by_ctrl_c():
            return import_module(name)
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    """End at once, for there is nothing to save yet.

    KeyboardInterrupt may be raised where nobody gets it: below an extension that is being loaded,
    or while an object is freed.
    """
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave(signal_number: int, frame: FrameType | None) -> None:
    del signal_number, frame
    with suppress(OSError):  # nobody listens
        os.write(2, f"{INTERRUPTED}\n".encode())
    os._exit(1)


def run_as_process(run: Callable[[], int]) -> NoReturn:
    """Run, and end with the status as soon as all was called that asked for it.

    Python would free each object first, which takes as long as importing half of Beam. What is
    said after nobody listens any more, as behind `| head`, is lost, and the work goes on.
    """
    sys.stdout, sys.stderr = map(_while_heard, (sys.stdout, sys.stderr))
    statuses: list[int] = []
    atexit.register(_end, statuses)  # the first that is registered is the last that is called
    statuses.append(run())
    sys.exit(statuses[0])


class _WhileHeard(io.FileIO):
    """A pipe whose other end may be closed."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream.fileno(), "w", closefd=False)
        self._owner = stream  # or it would be closed as nobody's

    def write(self, data: Any) -> int:
        """All is taken, also where nobody takes it."""
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes


def _while_heard(stream: TextIO) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    try:
        raw = _WhileHeard(stream)
    except (OSError, ValueError):  # it is closed
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        stream.encoding,
        stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _end(statuses: list[int]) -> None:
    """End here; where an error passed through `run`, Python ends the process, and says why."""
    for status in statuses:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()  # an error is said, and Python then ends the process its own way
        os._exit(status)
