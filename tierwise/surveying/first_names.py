"""The names that a pilot asks about, for a forecast."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from tierwise.forecast.pilot import rank_of
from tierwise.storage.listing import Named
from tierwise.surveying.archive_names import ArchiveNames
from tierwise.surveying.identical_files import affordable, content_hash


def first_names(names: ArchiveNames, first: int | None, *, hashes: bool) -> ArchiveNames:
    """Those of the `first` contents, all names where it is None.

    Which these are only their hashes tell. Where a listing does not have them they are read if
    `hashes` are wanted and reading them takes not too long; else all names stand for them: one part
    of an archive is like another, except for what was asked of it before.
    """
    if first is None or not names.named:
        return names
    listed = all(name.known and name.known.content_hash for name in names.named)
    if not listed and not (hashes and len(affordable(names.named)) == len(names.named)):
        return replace(names, files=min(first, names.files))
    contents: Mapping[str, list[Named]] = defaultdict(list)
    for name in names.named:
        contents[content_hash(name) or f"unread:{name.uri}"].append(name)
    count = min(len(contents), max(1, round(first / names.scale)))
    chosen = sorted(contents, key=rank_of)[:count]
    named = tuple(name for content in chosen for name in contents[content])
    return replace(names, files=round(len(named) * names.scale), named=named)
