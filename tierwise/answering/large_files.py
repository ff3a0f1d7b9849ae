"""Large files: looked at before they are read, and read one at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tierwise.images.headers.signatures import supported_format
from tierwise.images.isolated.turns import Turn, shared, taken
from tierwise.storage.files import files_for

_LARGE_BYTES = 32_000_000
# Readers of PDF look for its mark in the first kilobyte.
_HEAD_BYTES = 4096
_one_large = threading.Lock()


def is_large(size: int) -> bool:
    """Whether a file of so many bytes is."""
    return size > _LARGE_BYTES


@contextmanager
def one_at_a_time(size: int) -> Iterator[None]:
    """Held while a file is in memory, so that large ones do not add up."""
    if not is_large(size):
        yield
        return
    with _one_large, taken(Turn.LARGE_FILE, shared()):
        yield


def check_head(path: str, name: str) -> None:
    """See by its first bytes whether a file is worth reading.

    Raises:
        ImageError: it is no picture.
        OSError: it cannot be read.
    """
    with files_for(path).open(path, _HEAD_BYTES, waits=False) as stream:
        supported_format(stream.read(_HEAD_BYTES), name)
