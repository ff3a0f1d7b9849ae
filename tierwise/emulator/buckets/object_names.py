"""Names of objects as paths of files, and back.

A name is a path where that is possible, so that people find their files. What a file system does
not have is escaped with a percent sign: empty parts (`a//b` is `a/%/b`), `.` and `..`, the sign
itself, and an object that has the name of a folder (`a` beside `a/b` is `a/%object`).
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

# The object that is called as its folder is; no escaped part of a name looks like this.
OF_FOLDER = "%object"
_EMPTY = "%"
_ESCAPED = {"": _EMPTY, ".": "%2E", "..": "%2E%2E"}


def path_of(bucket: Path, name: str) -> Path:
    """Where an object of this name is written, unless there is a folder.

    >>> path_of(Path("b"), "a/../50%.jpg").as_posix()
    'b/a/%2E%2E/50%25.jpg'
    """
    parts = (_ESCAPED.get(part) or part.replace("%", "%25") for part in name.split("/"))
    return bucket.joinpath(*parts)


def name_of(bucket: Path, path: Path) -> str:
    """The name of the object in a file, also of one that somebody put there by hand.

    >>> name_of(Path("b"), Path("b/a/%/b/%object"))
    'a//b'
    """
    parts = path.relative_to(bucket).parts
    if parts[-1] == OF_FOLDER:
        parts = parts[:-1]
    return "/".join("" if part == _EMPTY else unquote(part) for part in parts)
