"""Opens files of a disk that have an end, and nothing else.

A pipe would be waited on for ever, a device never ends, and what the kernel makes up while it is
read (/proc) may do either.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO

from tierwise.storage.descriptors import patiently

_WHAT = "not a regular file, but a folder, a pipe, a device or the like; nothing was read"
_HOW = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


class NoRegularFileError(OSError):
    """What stands under this name is a pipe, a device, a socket or made up by the kernel."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.EINVAL, _WHAT, path)


def open_regular(path: str, *, buffering: int = -1) -> BinaryIO:
    """A stream of a regular file's bytes.

    Raises:
        NoRegularFileError: it is none; it was neither opened nor waited for.
        OSError: it cannot be opened.
    """
    check_regular(os.stat(path), path)  # noqa: PTH116 - opening some devices does something
    descriptor = patiently(lambda: os.open(path, _HOW))
    try:
        check_regular(os.fstat(descriptor), path)  # another may stand there by now
        return os.fdopen(descriptor, "rb", buffering=buffering)
    except BaseException:
        os.close(descriptor)
        raise


def check_regular(found: os.stat_result, path: str) -> None:
    """Raise NoRegularFileError for what is none."""
    empty_of_kernel = not found.st_size and stat.S_ISREG(found.st_mode) and _has_no_blocks(path)
    if not stat.S_ISREG(found.st_mode) or empty_of_kernel:
        raise NoRegularFileError(path)


def _has_no_blocks(path: str) -> bool:
    """Whether a file lies on a file system that keeps nothing, as /proc does."""
    try:
        return os.statvfs(path).f_blocks == 0
    except (OSError, AttributeError):  # not every system can tell
        return False
