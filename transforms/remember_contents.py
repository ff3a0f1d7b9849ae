"""RememberContents: what cannot be read now is known by its name, as the last run saw it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import apache_beam as beam
import pyarrow.parquet as pq

from tierwise.records import STORE_REASONS, ImageFile
from tierwise.storage.files import files_for

_NAME, _CONTENT, _BYTES = "uri", "content_hash", "bytes"

# A content, and its bytes, 0 where a table does not tell.
Content = tuple[str, int]


class Remembering(NamedTuple):
    """All files, and those of them that are remembered."""

    files: beam.PCollection[ImageFile]
    remembered: beam.PCollection[ImageFile]


class RememberContents(beam.PTransform):
    """From files to the same; one that its bucket or disk did not give gets its last content.

    So its answers are recalled by that, and nothing leaves the tables because a store was away. It
    keeps its problem: whatever needs its bytes fails for that. The `tables` of the last run are
    read if there is any such file, by as many workers as there are parts; names and hashes meet in
    one shuffle.
    """

    def __init__(self, tables: tuple[str, ...]) -> None:
        super().__init__()
        self._tables = tables

    def expand(self, files: beam.PCollection[ImageFile]) -> Remembering:
        """Adds the join to a pipeline."""
        read = files | "Read" >> beam.Filter(lambda file: not _is_unknown(file))
        unknown = files | "Unknown" >> beam.Filter(_is_unknown)
        some = unknown | "CountUnknown" >> beam.combiners.Count.Globally()
        known = (
            files.pipeline
            | "NameTables" >> beam.Create(self._tables)
            | "SpreadTables" >> beam.Reshuffle()
            | "ReadTables" >> beam.FlatMap(contents_in, beam.pvalue.AsSingleton(some))
        )
        keyed = {"files": unknown | "KeyByName" >> beam.Map(lambda f: (f.uri, f)), "known": known}
        joined = keyed | "JoinNames" >> beam.CoGroupByKey() | "Remember" >> beam.FlatMap(remember)
        return Remembering(
            files=(read, joined) | "AllFiles" >> beam.Flatten(),
            remembered=joined | "Remembered" >> beam.Filter(lambda file: file.content_hash),
        )


def _is_unknown(file: ImageFile) -> bool:
    return not file.content_hash and file.problem_reason in STORE_REASONS


def contents_in(table: str, unknown: int) -> Iterator[tuple[str, Content]]:
    """Each name in a part of a table with its content, if there is `unknown` any at all."""
    if not unknown:
        return
    with files_for(table).open(table) as source:
        parts = pq.ParquetFile(source)
        columns = [name for name in (_NAME, _CONTENT, _BYTES) if name in parts.schema_arrow.names]
        for batch in parts.iter_batches(columns=columns):
            rows = (row for row in batch.to_pylist() if row[_CONTENT])
            seen = {row[_NAME]: (row[_CONTENT], row.get(_BYTES) or 0) for row in rows}
            yield from seen.items()


def remember(joined: tuple[str, Mapping[str, Iterable[Any]]]) -> Iterator[ImageFile]:
    """The file of a name with the content that the last run saw, unless it has another size."""
    _, group = joined
    content, size = max(group["known"], key=lambda known: known[1], default=("", 0))
    for file in group["files"]:
        same = not (size and file.bytes) or size == file.bytes
        yield replace(file, content_hash=content, bytes=file.bytes or size) if same else file
