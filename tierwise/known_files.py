"""What is remembered of the files of an archive from one run to the next, and what changed since.

A run leaves one row for each name in its table `files`. The next one holds its own names against
them: so it knows what is new, and need not read what its disk says is unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pyarrow as pa

from tierwise.records import Record
from tierwise.shown import counted


class Change(StrEnum):
    """What became of a name since the last finished run; `change` in the table `files`."""

    NEW = "new"
    CHANGED = "changed"
    MOVED = "moved"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class KnownFile(Record):
    """A row of `files`: a name, and what its run knew of it.

    `mark` is what its disk told, empty where that does not tell whether bytes change, and in
    buckets, whose listings tell the content. `change` is empty where there was none, or nothing to
    compare with. `moved_from` is a name that is gone and had the same bytes.
    """

    uri: str
    bytes: int
    content_hash: str
    mark: str = ""
    change: str = ""
    content_before: str = ""
    moved_from: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the last finished run knew of the files of an archive: the parts of its table `files`.

    There are none before the first. Relative names in them start at `folder`. With `rehash` files
    are read whatever their disk says.
    """

    tables: tuple[str, ...] = ()
    folder: str = ""
    rehash: bool = False


NOTHING_KNOWN = Memory()


def files_schema() -> pa.Schema:
    """Columns of `files`."""
    return pa.schema(
        [
            ("uri", pa.string()),
            ("bytes", pa.int64()),
            ("content_hash", pa.string()),
            ("change", pa.string()),
            ("content_before", pa.string()),
            ("moved_from", pa.string()),
            ("mark", pa.string()),
        ]
    )


def files_row(file: KnownFile) -> dict[str, Any]:
    """One row of `files`."""
    return {
        "uri": file.uri,
        "bytes": file.bytes,
        "content_hash": file.content_hash or None,
        "change": file.change or None,
        "content_before": file.content_before or None,
        "moved_from": file.moved_from or None,
        "mark": file.mark or None,
    }


def changes_line(changes: dict[str, int], where: str) -> str:
    """What a person should know of it.

    >>> changes_line({"new": 12, "changed": 0, "moved": 1, "gone": 3}, "out/files")
    'Since the last finished run: 12 new files, 1 moved, 3 gone; which, tells out/files.'
    >>> changes_line({"new": 0, "changed": 0, "moved": 0, "gone": 0}, "out/files")
    'Since the last finished run no file is new, changed, moved or gone.'
    """
    found = [(change, changes[change]) for change in Change if changes[change]]
    if not found:
        return "Since the last finished run no file is new, changed, moved or gone."
    (first, count), *others = found
    told = [counted(count, f"{first} file"), *(f"{count:,} {change}" for change, count in others)]
    return f"Since the last finished run: {', '.join(told)}; which, tells {where}."
