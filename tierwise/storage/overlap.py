"""Refuses an output in which a job would overwrite its input, or take its own tables for input."""

from __future__ import annotations

import os
from functools import lru_cache
from itertools import islice

from tierwise.errors import InputError
from tierwise.records import ImageFile
from tierwise.storage.listing import Input, InputKind, Named, fixed_part
from tierwise.storage.sampled_names import sampled_names


def check_not_itself(found: Input, output: str) -> None:
    """Refuse an output that is the input folder, or the one that a pattern starts in.

    Else what lies there would be taken for what an earlier run has left. Names do not matter.

    Raises:
        InputError: it is.
    """
    is_pattern = found.kind is InputKind.PATTERN
    folder = fixed_part(found.uri) or "." if is_pattern else found.uri
    if (is_pattern or found.kind is InputKind.FOLDER) and _resolved(folder) == _resolved(output):
        raise InputError(
            f"--output={output}: is the input folder itself. Name a folder within it or beside it."
        )


def check_apart(named: Named | ImageFile, output: str) -> None:
    """Refuse an output folder that holds a file of the input, under whatever name.

    Raises:
        InputError: it does.
    """
    folder = _resolved(named.path.rpartition("/")[0] or ("/" if named.path[:1] == "/" else "."))
    if f"{folder}/".startswith(_resolved(output).rstrip("/") + "/"):
        raise InputError(
            f"--output={output}: holds {named.uri}, which belongs to --input and could be "
            "overwritten. Name another folder."
        )


def count_apart(found: Input, output: str) -> int:
    """How many files an input has, about where its listing was cut; none lies in the output.

    Raises:
        InputError: the output folder holds one.
    """
    names, rows = 0, set[str]()  # a manifest may name a file more than once
    # In a listing that is cut there are no links: all names lie in the output if one does. Whoever
    # reads a large manifest checks each name.
    one = found.about is not None and found.kind is not InputKind.MANIFEST
    for name in islice(sampled_names(found), 1 if one else None):
        if isinstance(name, Named):
            check_apart(name, output)
            if found.kind is InputKind.MANIFEST and found.about is None:
                rows.add(name.uri)
            else:
                names += 1
    return names + len(rows) if found.about is None else found.about


def _resolved(folder: str) -> str:
    """The folder without links and dots; addresses of other stores as they are."""
    if "://" in folder or "\0" in folder:
        return folder.rstrip("/")
    return _without_links(os.path.abspath(folder))  # noqa: PTH100 - pathlib takes ten times as long


@lru_cache(maxsize=1024)
def _without_links(folder: str) -> str:
    return os.path.realpath(folder)
