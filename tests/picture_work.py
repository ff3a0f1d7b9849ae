"""What tests have processes that shrink pictures do; importable there."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tierwise.answering.large_files import one_at_a_time
from tierwise.errors import ImageError
from tierwise.records import ImageFile, Reason


def process_of(file: ImageFile) -> tuple[str, int]:
    """The file's name, and who answers."""
    time.sleep(0.02)  # so that others have work as well
    return file.uri, os.getpid()


def large_reply(file: ImageFile, size: int) -> bytes:
    """More than fits into a socket."""
    return file.uri.encode() * size


def refused(file: ImageFile) -> None:
    """A picture that cannot be read."""
    raise ImageError(Reason.UNREADABLE, f"{file.uri}: no picture")


class UnsayableError(Exception):
    """One that cannot be pickled as it is."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} and {other}")


def unsayable(file: ImageFile) -> None:
    """A bug in words that do not travel."""
    raise UnsayableError(file.uri, "more")


def unpicklable(file: ImageFile) -> object:
    """What cannot be returned."""
    return lambda: file


def broken(file: ImageFile) -> None:
    """A bug."""
    raise ZeroDivisionError(file.uri)


def dies(file: ImageFile, number: int) -> str:
    """End by a signal where the file is called bad."""
    if "bad" in file.uri:
        os.kill(os.getpid(), number)
    time.sleep(0.05)
    return file.uri


def dies_once(file: ImageFile, mark: str) -> str:
    """End by SIGKILL the first time."""
    if not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return file.uri


def dies_beside_others(file: ImageFile, folder: str, others: int) -> int:
    """Crash once where the file is called mad, when so many others wait; who answers."""
    crashed = Path(folder) / "crashed"
    if crashed.exists():
        return os.getpid()
    (Path(folder) / file.uri).touch()
    while "mad" not in file.uri or len(list(Path(folder).iterdir())) <= others:
        time.sleep(0.02)
    crashed.touch()
    os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(60.0)  # until it has come
    raise AssertionError


def holds_a_large_file(file: ImageFile, mark: str) -> bool:
    """Whether nobody else held one meanwhile."""
    with one_at_a_time(40_000_000):
        alone = not Path(mark).exists()
        Path(mark).touch()
        time.sleep(0.03)
        Path(mark).unlink(missing_ok=True)
    return alone


def spends(file: ImageFile, seconds: float) -> str:
    """Use processor time."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass
    return file.uri
