"""The list of changed answers, a line for each, written while it is found."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tierwise.comparison.sums import BothAsked, told_answer
from tierwise.errors import InputError
from tierwise.spreadsheets import guarded
from tierwise.storage.files import files_for

CHANGES_SHEET, CHANGES_TABLE, CHANGES_PAGE = "changes.csv", "changes.parquet", "changes.html"
COLUMNS = ("uri", "page", "content_hash", "task", "old", "new")
_SCHEMA = pa.schema([(name, pa.int64() if name == "page" else pa.string()) for name in COLUMNS])
_BOM = b"\xef\xbb\xbf"


class ChangesList(Protocol):
    """A list that is being written."""

    def add(self, met: pa.Table) -> None:
        """Write those of the pictures that have met whose answers changed."""


@contextmanager
def changes_list(uri: str, tasks: Sequence[BothAsked]) -> Iterator[ChangesList]:
    """A list at this place, `.csv` or `.parquet`, which appears whole at the end.

    Raises:
        InputError: something else lies there.
    """
    _check_ours(uri)
    with files_for(uri).create(uri) as stream:
        if uri.endswith(CHANGES_TABLE):
            with pq.ParquetWriter(stream, _SCHEMA, compression="zstd") as writer:
                yield _Table(writer, tasks)
        else:
            stream.write(_BOM + _lines([COLUMNS]))
            yield _Sheet(stream, tasks)


class _Table:
    def __init__(self, writer: pq.ParquetWriter, tasks: Sequence[BothAsked]) -> None:
        self._writer, self._tasks = writer, tasks

    def add(self, met: pa.Table) -> None:
        rows = _changed(met, self._tasks)
        if rows.num_rows:
            self._writer.write_table(rows)


class _Sheet:
    def __init__(self, stream: BinaryIO, tasks: Sequence[BothAsked]) -> None:
        self._stream, self._tasks = stream, tasks

    def add(self, met: pa.Table) -> None:
        for batch in _changed(met, self._tasks).to_batches(max_chunksize=10_000):
            rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
            self._stream.write(_lines([guarded(str(cell)) for cell in row] for row in rows))


def _lines(rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _changed(met: pa.Table, tasks: Sequence[BothAsked]) -> pa.Table:
    rows = met.filter(met["changed"])
    numbers = rows["task"].to_pylist()
    told = {
        name: pa.array(
            [
                told_answer(getattr(tasks[number], name), text)
                for number, text in zip(numbers, rows[f"{name}_answer"].to_pylist(), strict=True)
            ],
            pa.string(),
        )
        for name in ("old", "new")
    }
    names = pa.array([task.new.name for task in tasks], pa.string())
    cells = {
        "uri": rows["uri"],
        "page": rows["page"],
        "content_hash": rows["content"],
        "task": pc.take(names, rows["task"]),
        **told,
    }
    return pa.table(cells, schema=_SCHEMA)


def is_changes_list(uri: str) -> bool:
    """Whether a file that is there is a list of ours."""
    head = _BOM + _lines([COLUMNS])
    with files_for(uri).open(uri) as stream:
        if not uri.endswith(CHANGES_TABLE):
            return stream.read(len(head)) == head
        try:
            return bool(pq.read_schema(stream).equals(_SCHEMA))
        except pa.ArrowException:
            return False


def _check_ours(uri: str) -> None:
    """Refuse to write over what is no such list."""
    if files_for(uri).exists(uri) and not is_changes_list(uri):
        raise InputError(
            f"{uri}: is no list that tierwise compare has written, and one would be written in its "
            "place. Move it away, or give another folder with --into."
        )
