"""The Parquet files that tables are made of, written one by one into a staging folder."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tierwise.accounts.table_names import FAILURES, WIDE, answers_table, new_part, new_rows_table
from tierwise.accounts.tables import answer_row, failure_row
from tierwise.accounts.wide_table import WideTable
from tierwise.answers.answer_type import AnswerType
from tierwise.records import Answer, ImageFile, NamedOutcome, NamedPage
from tierwise.storage.files import files_for, join

# Rows that are held as Python objects, of 3 KB each.
_ROWS_PER_BATCH = 200
# Rows that are held as Arrow does, of some 400 bytes each; then they are coded, in a tenth of that.
_BATCHES_PER_GROUP = 10

_COMPRESSION = "zstd"

# A table's name and the cells of one of its rows.
TableRow = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """A Parquet file that was written: its table, its address, its rows and its size in bytes."""

    table: str
    uri: str
    rows: int
    bytes: int


@dataclass(slots=True)
class GrowingPart:
    """The rows of a file to be, most of them coded already: a bundle has one for each table."""

    schema: pa.Schema
    _sink: io.BytesIO = field(default_factory=io.BytesIO)
    _writer: pq.ParquetWriter = field(init=False)
    _rows: int = 0
    _batches: list[pa.RecordBatch] = field(default_factory=list)
    _latest: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._writer = pq.ParquetWriter(self._sink, self.schema, compression=_COMPRESSION)

    def add(self, row: Mapping[str, Any]) -> int:
        """Take a row in; gives how many there are."""
        self._latest.append(dict(row))
        self._rows += 1
        if len(self._latest) == _ROWS_PER_BATCH:
            self._to_arrow()
        return self._rows

    def write(self, folder: str, table: str) -> Part:
        """All rows to a new file of a table; the last thing that is asked."""
        if self._latest:
            self._to_arrow()
        if self._batches:
            self._code()
        self._writer.close()
        return _put(folder, table, self._rows, self._sink.getvalue())

    def _to_arrow(self) -> None:
        self._batches.append(pa.RecordBatch.from_pylist(self._latest, self.schema))
        self._latest = []
        if len(self._batches) == _BATCHES_PER_GROUP:
            self._code()

    def _code(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._batches, self.schema))
        self._batches = []


def outcome_row(
    named: NamedOutcome,
    renamed: Mapping[str, str] = {},
    kinds: Mapping[str, AnswerType] = {},
    output: str = "",
) -> TableRow:
    """The row of an outcome, in its task's answers or in the failures.

    `renamed` are columns of the manifest that have another name in tables, `kinds` the kinds of
    answers by task. Files that answers tell of lie below `output`.
    """
    file = _renamed(named.file, renamed)
    if isinstance(named.outcome, Answer):
        kind = kinds.get(named.outcome.task)
        more = kind.cells(named.outcome.value) if kind else {}
        if drawn := more.get("picture_file"):
            more = more | {"picture_uri": join(output, drawn)}
        return answers_table(named.outcome.task), answer_row(file, named.outcome, more)
    return FAILURES, failure_row(file, named.outcome)


def new_row(
    named: NamedOutcome, renamed: Mapping[str, str], kinds: Mapping[str, AnswerType]
) -> TableRow:
    """The same among the rows that the last run did not have."""
    table, cells = outcome_row(named, renamed, kinds)
    return new_rows_table(table), cells


def wide_row(page: NamedPage, table: WideTable, renamed: Mapping[str, str]) -> TableRow:
    """The row of one page in the wide table."""
    return WIDE, table.row(replace(page, file=_renamed(page.file, renamed)))


def _renamed(file: ImageFile, renamed: Mapping[str, str]) -> ImageFile:
    if not renamed:
        return file
    columns = {renamed.get(name, name): cell for name, cell in file.columns.items()}
    return replace(file, columns=columns)


def write_part(folder: str, table: str, schema: pa.Schema, rows: list[dict[str, Any]]) -> Part:
    """Write rows to a new file of a table."""
    return _write(folder, table, pa.Table.from_pylist(rows, schema))


def _write(folder: str, table: str, rows: pa.Table) -> Part:
    sink = io.BytesIO()
    pq.write_table(rows, sink, compression=_COMPRESSION)
    return _put(folder, table, rows.num_rows, sink.getvalue())


def _put(folder: str, table: str, rows: int, data: bytes) -> Part:
    uri = join(folder, new_part(table))
    files_for(uri).write(uri, data)
    return Part(table, uri, rows, len(data))
