"""WriteTables: rows into Parquet files of a staging folder, table by table."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from storage.files import files_for, join
from tierwise.records import Answer, NamedOutcome
from tierwise.table_names import FAILURES, answers_table
from tierwise.tables import answer_row, failure_row

# Rows of a file, which is 1 MB and more, and rows that are held as Python objects, of 3 KB each.
_ROWS_PER_FILE = 20_000
_ROWS_PER_BATCH = 500

# A table's name and the cells of one of its rows.
TableRow = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """A Parquet file that was written: its table, its address, its rows and its size in bytes."""

    table: str
    uri: str
    rows: int
    bytes: int


class WriteTables(beam.PTransform):
    """From records to parts; `tabulate` says to which table a record belongs, and its cells.

    Parts have names of their own, so that a bundle that is tried again cannot spoil what its first
    attempt wrote; only parts that come out of here are published.
    """

    def __init__(
        self, folder: str, schemas: Mapping[str, pa.Schema], tabulate: Callable[[Any], TableRow]
    ) -> None:
        super().__init__()
        self._write = _WriteRowsFn(folder, dict(schemas), tabulate)

    def expand(self, records: beam.PCollection[Any]) -> beam.PCollection[Part]:
        """Adds the writing to a pipeline."""
        return records | "WriteRows" >> beam.ParDo(self._write)


def outcome_row(named: NamedOutcome) -> TableRow:
    """The row of an outcome, in its task's answers or in the failures."""
    if isinstance(named.outcome, Answer):
        return answers_table(named.outcome.task), answer_row(named.file, named.outcome)
    return FAILURES, failure_row(named.file, named.outcome)


def write_part(folder: str, table: str, schema: pa.Schema, rows: list[dict[str, Any]]) -> Part:
    """Write rows to a new file of a table."""
    return _write_table(folder, table, pa.Table.from_pylist(rows, schema))


def _write_table(folder: str, table: str, rows: pa.Table) -> Part:
    sink = io.BytesIO()
    pq.write_table(rows, sink, compression="zstd")
    uri = join(folder, table, f"part-{uuid.uuid4().hex}.parquet")
    data = sink.getvalue()
    files_for(uri).write(uri, data)
    return Part(table, uri, rows.num_rows, len(data))


@dataclass(slots=True)
class _Growing:
    """The rows of a file to be, most of them as Arrow holds them."""

    schema: pa.Schema
    batches: list[pa.RecordBatch] = field(default_factory=list)
    latest: list[dict[str, Any]] = field(default_factory=list)

    def add(self, row: dict[str, Any]) -> int:
        """Take a row in; gives how many there are."""
        self.latest.append(row)
        if len(self.latest) == _ROWS_PER_BATCH:
            self._pack()
        return len(self.batches) * _ROWS_PER_BATCH + len(self.latest)

    def table(self) -> pa.Table:
        """All rows; the last thing that is asked."""
        self._pack()
        return pa.Table.from_batches(self.batches, self.schema)

    def _pack(self) -> None:
        self.batches.append(pa.RecordBatch.from_pylist(self.latest, self.schema))
        self.latest = []


class _WriteRowsFn(beam.DoFn):
    def __init__(
        self, folder: str, schemas: dict[str, pa.Schema], tabulate: Callable[[Any], TableRow]
    ) -> None:
        self._folder = folder
        self._schemas = schemas
        self._tabulate = tabulate
        self._growing: dict[str, _Growing] = {}

    def display_data(self) -> dict[str, Any]:
        return {"folder": self._folder}

    def start_bundle(self) -> None:
        self._growing = {}

    def process(self, record: Any) -> Iterator[Part]:
        table, row = self._tabulate(record)
        if table not in self._growing:
            self._growing[table] = _Growing(self._schemas[table])
        if self._growing[table].add(row) >= _ROWS_PER_FILE:
            yield self._write(table)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        everything = GlobalWindow()
        for table in sorted(self._growing):
            part = self._write(table)
            yield WindowedValue(part, everything.max_timestamp(), [everything])

    def _write(self, table: str) -> Part:
        return _write_table(self._folder, table, self._growing.pop(table).table())
