"""What an earlier run has left in its table `files`, by where the files lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pyarrow.parquet as pq

from tierwise.known_files import Change, KnownFile, Memory
from tierwise.storage.files import files_for
from tierwise.storage.listing import Named
from tierwise.storage.places import place_of_path
from tierwise.storage.seen_from import place_of

_COLUMNS = ("uri", "bytes", "content_hash", "mark", "change")


def known_by_place(table: str, folder: str) -> Iterator[tuple[bytes, KnownFile]]:
    """The files that a part of a table tells of, less those that were gone.

    Relative names start at `folder`.
    """
    with files_for(table).open(table) as source:
        for batch in pq.ParquetFile(source).iter_batches(columns=list(_COLUMNS)):
            cells = (batch.column(name).to_pylist() for name in _COLUMNS)
            for uri, size, content, mark, change in zip(*cells, strict=True):
                if change != Change.GONE:
                    known = KnownFile(uri, size, content or "", mark or "")
                    yield place_of_path(place_of(folder, uri)), known


def with_contents(names: Iterable[Named], memory: Memory) -> tuple[Named, ...]:
    """Names with the contents that are remembered of them, where their disk says the same now.

    The tables are gone through once, and nothing of other names is held.
    """
    by_place = {place_of_path(name.path): name for name in names}
    for table in () if memory.rehash else memory.tables:
        for place, file in known_by_place(table, memory.folder):
            name = by_place.get(place)
            if name and file.mark and file.content_hash and not name.known:
                by_place[place] = _with_content(name, file)
    return tuple(by_place.values())


def _with_content(name: Named, file: KnownFile) -> Named:
    try:
        found = files_for(name.path).stat(name.path, waits=False)
    except (OSError, ValueError):
        return name
    same = found.mark == file.mark
    return replace(name, known=replace(found, content_hash=file.content_hash)) if same else name
