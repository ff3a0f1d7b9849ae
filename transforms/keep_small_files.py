"""KeepSmallFiles: a picture that its store does not give now keeps the small files it had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import apache_beam as beam
import pyarrow.parquet as pq
from apache_beam.pvalue import AsSingleton, TaggedOutput

from tierwise.metrics import Kept, Optimized, kept_row
from tierwise.records import STORE_REASONS
from tierwise.storage.files import files_for, join

_KEPT, _REMEMBERED = "kept", "remembered"
# Rows of some 500 bytes each.
_ROWS_AT_A_TIME = 4096

# Of which table, and a row of it.
EarlierRow = tuple[str, dict[str, Any]]
Result = Optimized | Kept


class Keeping(NamedTuple):
    """All rows to be, and a name for each file whose small files are those of an earlier run."""

    rows: beam.PCollection[Result]
    remembered: beam.PCollection[str]


class KeepSmallFiles(beam.PTransform):
    """From what was shrunk to the same, and rows of earlier `tables` in the place of some failures.

    They are those of files that a bucket or disk did not give, as far as their small files lie
    below `output`, and nothing of this run has their names. The tables are read if there is any
    such failure.
    """

    def __init__(self, output: str, tables: tuple[str, ...]) -> None:
        super().__init__()
        self._output = output
        self._tables = tables

    def expand(self, optimized: beam.PCollection[Optimized]) -> Keeping:
        """Adds the two joins, by the names of files and of small files, to a pipeline."""
        output = self._output
        known = optimized | "Known" >> beam.Filter(lambda one: not _is_away(one))
        away = optimized | "Away" >> beam.Filter(_is_away)
        some = AsSingleton(away | "CountAway" >> beam.combiners.Count.Globally())
        earlier = (
            optimized.pipeline
            | "NameTables" >> beam.Create(self._tables)
            | "SpreadTables" >> beam.Reshuffle()
            | "ReadTables" >> beam.FlatMap(rows_in, some)
        )
        by_file = {"away": away | "KeyAway" >> beam.Map(_by_uri), "earlier": earlier}
        found = (
            by_file
            | "MeetFiles" >> beam.CoGroupByKey()
            | "Keep" >> beam.FlatMap(keep, output).with_outputs(_KEPT, _REMEMBERED, main="failed")
        )
        by_name = {
            "now": known | "KeyNow" >> beam.FlatMap(_named_now, some),
            "kept": found[_KEPT] | "KeyKept" >> beam.Map(lambda one: (one.output.casefold(), one)),
        }
        kept = by_name | "MeetNames" >> beam.CoGroupByKey() | "Settle" >> beam.FlatMap(settle)
        return Keeping(
            rows=(known, found["failed"], kept) | "AllRows" >> beam.Flatten(),
            remembered=found[_REMEMBERED],
        )


def _is_away(one: Optimized) -> bool:
    return one.failure is not None and one.failure.reason in STORE_REASONS


def _by_uri(one: Optimized) -> tuple[str, Optimized]:
    return one.file.uri, one


def _named_now(one: Optimized, away: int) -> Iterator[tuple[str, bool]]:
    if away and one.output:
        yield one.output.casefold(), True


def rows_in(table: str, away: int) -> Iterator[tuple[str, EarlierRow]]:
    """The rows of an earlier table by the file that they are of, if anything is `away` at all."""
    if not away:
        return
    with files_for(table).open(table) as source:
        for batch in pq.ParquetFile(source).iter_batches(_ROWS_AT_A_TIME):
            yield from ((row["uri"], (table, row)) for row in batch.to_pylist())


def keep(
    joined: tuple[str, Mapping[str, Iterable[Any]]], output: str
) -> Iterator[Optimized | TaggedOutput]:
    """Earlier rows of a file that is away, from the table of the last run if that has any."""
    uri, found = joined
    away = list(found["away"])
    rows = _latest(found["earlier"], output) if away else []
    for failure in away:
        if not rows:
            yield failure
            continue
        yield TaggedOutput(_REMEMBERED, uri)
        yield from (TaggedOutput(_KEPT, Kept(failure, kept_row(failure, row))) for row in rows)


def _latest(earlier: Iterable[EarlierRow], output: str) -> list[dict[str, Any]]:
    """The rows of one table, that of the last run before those that it replaced."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for table, row in earlier:
        if not row["output"] or _lies(output, row["output"]):
            tables.setdefault(table, []).append(row)
    with_files = [table for table, rows in tables.items() if any(row["output"] for row in rows)]
    # Names of the latter begin with a dot, which sorts before all others.
    return tables[max(with_files)] if with_files else []


def _lies(output: str, name: str) -> bool:
    uri = join(output, name)
    return ".." not in name.split("/") and files_for(uri).exists(uri)


def settle(joined: tuple[str, Mapping[str, Iterable[Any]]]) -> Iterator[Result]:
    """What is kept, or its failure where another picture has got the name meanwhile."""
    _, found = joined
    taken = any(found["now"])
    for one in found["kept"]:
        yield replace(one.failure, page=one.row["page"]) if taken else one
