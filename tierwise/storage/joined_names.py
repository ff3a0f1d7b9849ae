"""Names with the columns that a second table has about them, joined by where the image lies."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

from tierwise.label_rows import LabelRow
from tierwise.storage.listing import Input, Named, Skipped, list_names

_Name = TypeVar("_Name", Named, Skipped)


def join_key(named: Named) -> bytes:
    """Where an image lies, however its name was written, and whatever links lead to its folder.

    >>> join_key(Named("a", "gs://b/a")), join_key(Named("a", "/x/../a"))
    (b'gs://b/a', b'/a')
    """
    path = named.path
    if "://" in path:
        return os.fsencode(path)
    if not path.startswith("/"):  # what is remembered of folders holds wherever we are
        path = f"{os.getcwd()}/{path}"  # noqa: PTH109 - fast
    folder, slash, name = path.rpartition("/")
    if name in ("", ".", ".."):
        return os.fsencode(_real(path))
    return os.fsencode(os.path.join(_real(folder + slash), name))  # noqa: PTH118 - fast


# Names come folder by folder.
@lru_cache(maxsize=4096)
def _real(folder: str) -> str:
    try:
        return os.path.realpath(folder)
    except ValueError:  # no disk can have this name
        return os.path.abspath(folder)  # noqa: PTH100


def with_columns(named: Named, row: LabelRow | None, labels: Input) -> Named:
    """A name with what a row says, nothing where there is none."""
    told = row.columns if row else dict.fromkeys(labels.columns)
    return replace(named, columns={**named.columns, **told})


def all_label_rows(labels: Input) -> dict[bytes, LabelRow]:
    """All rows of labels that fit into memory, by where their images lie."""
    rows: dict[bytes, LabelRow] = {}
    for name in list_names(labels):
        if isinstance(name, Named):
            key, row = join_key(name), LabelRow(name.columns)
            rows[key] = rows[key] + row if key in rows else row
    return rows


def joined(
    names: Iterable[Named | Skipped], rows: Mapping[bytes, LabelRow], labels: Input
) -> Iterator[Named | Skipped]:
    """The names with their columns."""
    for name in names:
        if isinstance(name, Named):
            yield with_columns(name, rows.get(join_key(name)), labels)
        else:
            yield name
