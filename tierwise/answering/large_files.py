"""Large files: looked at before they are read, and read one at a time."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tierwise.images.headers.signatures import supported_format
from tierwise.storage.files import files_for

_LARGE_BYTES = 32_000_000
# Readers of PDF look for its mark in the first kilobyte.
_HEAD_BYTES = 4096
_one_large = threading.Lock()
# Which byte of a file that processes share stands for the right to hold a large one.
_PLACE = 1
_shared_file: int | None = None


def take_turns(lock: int) -> None:
    """Hold large files by turns with other processes that have this file open."""
    global _shared_file  # noqa: PLW0603 - of the process, as its memory is
    _shared_file = lock


def is_large(size: int) -> bool:
    """Whether a file of so many bytes is."""
    return size > _LARGE_BYTES


@contextmanager
def one_at_a_time(size: int) -> Iterator[None]:
    """Held while a file is in memory, so that large ones do not add up."""
    if not is_large(size):
        yield
        return
    with _one_large:
        if _shared_file is None:
            yield
            return
        fcntl.lockf(_shared_file, fcntl.LOCK_EX, 1, _PLACE)
        try:
            yield
        finally:
            fcntl.lockf(_shared_file, fcntl.LOCK_UN, 1, _PLACE)


def check_head(path: str, name: str) -> None:
    """See by its first bytes whether a file is worth reading.

    Raises:
        ImageError: it is no picture.
        OSError: it cannot be read.
    """
    with files_for(path).open(path, _HEAD_BYTES) as stream:
        supported_format(stream.read(_HEAD_BYTES), name)
