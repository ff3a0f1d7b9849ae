"""One table of a finished run, as Arrow, pandas or polars; read when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib import import_module
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tierwise.errors import InputError
from tierwise.storage.files import files_for

_SHOWN_ROWS, _SHOWN_COLUMNS, _SHOWN_SIGNS = 8, 8, 60


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a run: `len()` is its rows, `paths` the Parquet files that hold them.

    Dollars are exact decimals in each form. What does not fit into memory is better asked of the
    files, with DuckDB or BigQuery.
    """

    name: str
    paths: tuple[str, ...]
    rows: int

    def __len__(self) -> int:
        return self.rows

    def to_arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The table, or some of its columns, as a `pyarrow.Table`.

        Raises:
            InputError: a file cannot be read, or there is no such column.
        """
        wanted = None if columns is None else list(columns)
        return pa.concat_tables([_read(path, wanted) for path in self.paths])

    def to_pandas(self, columns: Sequence[str] | None = None) -> Any:
        """The same as a `pandas.DataFrame`; raises InputError where pandas is not installed."""
        _brought("pandas")
        return self.to_arrow(columns).to_pandas()

    def to_polars(self, columns: Sequence[str] | None = None) -> Any:
        """The same as a `polars.DataFrame`; raises InputError where polars is not installed."""
        return _brought("polars").from_arrow(self.to_arrow(columns))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """For DuckDB, polars, pandas and others that take whatever speaks Arrow."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def _repr_html_(self) -> str:
        """The first rows, for a notebook."""
        head = self._head()
        names = head.column_names[:_SHOWN_COLUMNS]
        more = len(head.column_names) - len(names)
        cells = "".join(f"<th>{escape(name)}</th>" for name in names)
        lines = [
            "".join(f"<td>{escape(_short(row[name]))}</td>" for name in names)
            for row in head.to_pylist()
        ]
        body = "".join(f"<tr>{line}</tr>" for line in lines)
        told = f"{self.name}: {self.rows:,} rows" + (f", {more} more columns" if more else "")
        return f"<table><tr>{cells}</tr>{body}</table><p>{escape(told)}</p>"

    def _head(self) -> pa.Table:
        tables, left = [], _SHOWN_ROWS
        for path in self.paths:
            tables.append(_read(path, None).slice(0, left))
            left -= tables[-1].num_rows
            if not left:
                break
        return pa.concat_tables(tables)


def _read(path: str, columns: list[str] | None) -> pa.Table:
    try:
        with files_for(path).open(path) as stream:
            part = pq.ParquetFile(stream)
            if unknown := set(columns or ()) - set(part.schema_arrow.names):
                known = ", ".join(part.schema_arrow.names)
                raise InputError(f"{path}: has no column {min(unknown)}. It has {known}.")
            return part.read(columns)
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            f"{path}: cannot be read: {error}. A later run may have replaced it: take the tables "
            "of tierwise.open_run."
        ) from error


def _brought(library: str) -> Any:
    try:
        return import_module(library)
    except ImportError as error:
        raise InputError(
            f"to_{library}: {library} is not installed. pip install {library}, or take to_arrow, "
            "which needs nothing more."
        ) from error


def _short(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= _SHOWN_SIGNS else text[: _SHOWN_SIGNS - 1] + "…"
