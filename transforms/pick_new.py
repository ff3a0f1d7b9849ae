"""PickNew: the rows that the tables of the last finished run did not have."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import apache_beam as beam
import pyarrow.parquet as pq

from tierwise.accounts.table_names import FAILURES, answers_table
from tierwise.compressed import compress, decompress
from tierwise.records import Answer, NamedOutcome
from tierwise.storage.files import files_for

_OF_ANSWERS = ("uri", "page", "content_hash", "request_id", "answered_by")
_OF_FAILURES = ("uri", "page", "content_hash", "task", "reason")


class PickNew(beam.PTransform):
    """From all rows to those that are new: other names, bytes or questions, or another outcome.

    `tables` are the parts of the last answers and failures, by their names below `output`. Rows
    meet in one shuffle by a digest of what they say, so that no key is hot and nobody holds names.
    """

    def __init__(self, output: str, tables: tuple[str, ...]) -> None:
        super().__init__()
        self._output = output
        self._tables = tables

    def expand(self, rows: beam.PCollection[NamedOutcome]) -> beam.PCollection[NamedOutcome]:
        """Adds the join to a pipeline."""
        before = (
            rows.pipeline
            | "NameTables" >> beam.Create(self._tables)
            | "SpreadTables" >> beam.Reshuffle()
            | "ReadRows" >> beam.FlatMap(rows_in, self._output)
        )
        now = rows | "KeyRows" >> beam.Map(lambda row: (digest_of(row), compress(row)))
        both = (before, now) | "NowAndThen" >> beam.Flatten()
        return both | "Meet" >> beam.GroupByKey() | "PickNew" >> beam.FlatMapTuple(_new)


def digest_of(row: NamedOutcome) -> bytes:
    """What a row is about, and how it was answered, in 16 bytes."""
    file, outcome = row.file, row.outcome
    about = (file.uri, outcome.page.number, file.content_hash or None)
    if isinstance(outcome, Answer):
        table = answers_table(outcome.task)
        return _digest(table, (*about, outcome.request_id, str(outcome.answered_by)))
    return _digest(FAILURES, (*about, outcome.task, str(outcome.reason)))


def rows_in(file: str, output: str) -> Iterator[tuple[bytes, bytes]]:
    """The digests of the rows in a part of the last tables, each with nothing."""
    table = file.rpartition("/")[0]
    columns = list(_OF_FAILURES if table == FAILURES else _OF_ANSWERS)
    uri = f"{output}/{file}"
    with files_for(uri).open(uri) as source:
        part = pq.ParquetFile(source)
        if not set(columns) <= set(part.schema_arrow.names):  # an older version wrote it
            return
        for batch in part.iter_batches(columns=columns):
            cells = (batch.column(name).to_pylist() for name in columns)
            yield from ((_digest(table, row), b"") for row in zip(*cells, strict=True))


def _digest(table: str, cells: Iterable[object]) -> bytes:
    return hashlib.blake2b(repr((table, *cells)).encode(), digest_size=16).digest()


def _new(digest: bytes, rows: Iterable[bytes]) -> Iterator[NamedOutcome]:
    del digest
    if all(rows):
        yield from map(decompress, rows)
