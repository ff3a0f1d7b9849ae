"""RecallNames: names of earlier tables that lie in folders which cannot be listed now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import apache_beam as beam
import pyarrow.parquet as pq

from tierwise.storage.files import files_for
from tierwise.storage.listing import Input, Named, recalled_name, recalled_names

_NAME = "uri"


class RecallNames(beam.PTransform):
    """From folders that cannot be listed to the names below them that `tables` hold, each once.

    The tables are read if there is any such folder, by as many workers as there are parts. Memory
    holds the folders, never what lies below them.
    """

    def __init__(self, found: Input, tables: tuple[str, ...]) -> None:
        super().__init__()
        self._found = found
        self._tables = tables

    def expand(self, folders: beam.PCollection[str]) -> beam.PCollection[Named]:
        """Adds the recalling to a pipeline."""
        return (
            folders.pipeline
            | "NameTables" >> beam.Create(self._tables)
            | "SpreadTables" >> beam.Reshuffle()
            | "ReadNames"
            >> beam.FlatMap(
                names_below, beam.pvalue.AsList(folders), found=self._found
            ).with_output_types(str)
            | "EachOnce" >> beam.Distinct()
            | "Recalled" >> beam.Map(recalled_name).with_output_types(Named)
        )


def names_below(table: str, folders: Sequence[str], found: Input) -> Iterator[str]:
    """The names in a part of a table that lie below one of these folders."""
    if not folders:
        return
    with files_for(table).open(table) as source:
        parts = pq.ParquetFile(source)
        if _NAME in parts.schema_arrow.names:
            batches = (batch.column(0) for batch in parts.iter_batches(columns=[_NAME]))
            uris = (uri for batch in batches for uri in batch.to_pylist() if uri)
            yield from recalled_names(uris, found, folders)
