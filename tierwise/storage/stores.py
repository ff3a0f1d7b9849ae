"""Which bucket or disk a file lies in: what fails together, and is told together."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

from tierwise.storage.gcs_names import SCHEME, split_name

_MOUNTS = Path("/proc/self/mountinfo")
_MOUNT_POINT = 4
_ESCAPED = re.compile(r"\\([0-7]{3})")


def store_of(path: str) -> str:
    """`gs://bucket`, or where a disk is mounted.

    >>> store_of("gs://archive/2024/a.jpg"), store_of("/proc/self/a.jpg")
    ('gs://archive', '/proc')
    """
    if path.startswith(SCHEME):
        return SCHEME + split_name(path)[0]
    folder = os.path.dirname(os.path.abspath(path))  # noqa: PTH100, PTH120 - a million names
    return next(point for point in _mount_points() if _lies_below(folder, point))


def _lies_below(folder: str, point: str) -> bool:
    return folder == point or folder.startswith(point.rstrip("/") + "/")


@cache
def _mount_points() -> tuple[str, ...]:
    """The deepest first. Not asked of the disks: one that is away would not say."""
    try:
        lines = _MOUNTS.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:  # not Linux
        lines = []
    points = {_ESCAPED.sub(_unescaped, line.split(" ")[_MOUNT_POINT]) for line in lines}
    return (*sorted(points - {"/"}, key=len, reverse=True), "/", "")


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 8))
