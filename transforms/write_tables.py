"""WriteTables: rows into Parquet files of a staging folder, table by table."""

from __future__ import annotations

import io
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from storage.files import files_for, join
from tierwise.records import Answer, NamedOutcome
from tierwise.tables import answer_row, failure_row

# Rows that are held before a file is written: a few megabytes of memory, files of 1 MB and more.
_ROWS_PER_FILE = 20_000
FAILURES = "failures"

# A table's name and the cells of one of its rows.
TableRow = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """A Parquet file that was written: its table, its address, its rows and its size in bytes."""

    table: str
    uri: str
    rows: int
    bytes: int


def answers_table(task: str) -> str:
    """The folder of one task's answers, a hive partition.

    >>> answers_table("category")
    'answers/task=category'
    """
    return f"answers/task={task}"


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
    """Write rows to a new file of a table, compressed with zstd."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), sink, compression="zstd")
    uri = join(folder, table, f"part-{uuid.uuid4().hex}.parquet")
    data = sink.getvalue()
    files_for(uri).write(uri, data)
    return Part(table, uri, len(rows), len(data))


class _WriteRowsFn(beam.DoFn):
    def __init__(
        self, folder: str, schemas: dict[str, pa.Schema], tabulate: Callable[[Any], TableRow]
    ) -> None:
        self._folder = folder
        self._schemas = schemas
        self._tabulate = tabulate
        self._rows: dict[str, list[dict[str, Any]]] = {}

    def start_bundle(self) -> None:
        self._rows = defaultdict(list)

    def process(self, record: Any) -> Iterator[Part]:
        table, row = self._tabulate(record)
        self._rows[table].append(row)
        if len(self._rows[table]) >= _ROWS_PER_FILE:
            yield self._write(table)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        everything = GlobalWindow()
        for table in sorted(self._rows):
            part = self._write(table)
            yield WindowedValue(part, everything.max_timestamp(), [everything])

    def _write(self, table: str) -> Part:
        return write_part(self._folder, table, self._schemas[table], self._rows.pop(table))
