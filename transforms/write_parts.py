"""WriteParts: rows into Parquet files of a staging folder, table by table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from tierwise.publishing.parts import GrowingPart, Part, TableRow

# Rows of a file, which is 1 MB and more.
_ROWS_PER_FILE = 20_000


class WriteParts(beam.PTransform):
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


class _WriteRowsFn(beam.DoFn):
    def __init__(
        self, folder: str, schemas: dict[str, pa.Schema], tabulate: Callable[[Any], TableRow]
    ) -> None:
        self._folder = folder
        self._schemas = schemas
        self._tabulate = tabulate
        self._growing: dict[str, GrowingPart] = {}

    def display_data(self) -> dict[str, Any]:
        return {"folder": self._folder}

    def start_bundle(self) -> None:
        self._growing = {}

    def process(self, record: Any) -> Iterator[Part]:
        table, row = self._tabulate(record)
        if table not in self._growing:
            self._growing[table] = GrowingPart(self._schemas[table])
        if self._growing[table].add(row) >= _ROWS_PER_FILE:
            yield self._write(table)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        everything = GlobalWindow()
        for table in sorted(self._growing):
            part = self._write(table)
            yield WindowedValue(part, everything.max_timestamp(), [everything])

    def _write(self, table: str) -> Part:
        return self._growing.pop(table).write(self._folder, table)
