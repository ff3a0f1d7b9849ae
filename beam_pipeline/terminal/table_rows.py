"""Rows of the tables that a run has left, batch by batch, so that no table is held whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from tierwise.storage.files import files_for


def batches_of(folder: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """These columns of all files in the folder of a table."""
    files = files_for(folder)
    for stat in files.walk(folder):
        with files.open(stat.uri) as stream:
            yield from pq.ParquetFile(stream).iter_batches(columns=list(columns))
