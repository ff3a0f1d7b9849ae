"""CountLabels: how many pictures have which answer, and which label by people's word."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

import apache_beam as beam

from tierwise.counts.shares import ValueCounts, most_pictured
from tierwise.counts.tally import (
    CountedName,
    Counting,
    CountKey,
    CountRow,
    counts_of,
)
from tierwise.records import NamedOutcome
from tierwise.transforms.combine_by_key import CombineByKey, Reduce
from tierwise.transforms.key_coder import code_keys
from tierwise.transforms.sum_by_key import SumByKey

code_keys(CountKey)


class CountLabels(beam.PTransform):
    """From named outcomes to sums by label; names of one content meet, so that it counts once.

    Where they are told apart by a column, its values with the most pictures alone come out.
    """

    def __init__(self, counting: Counting) -> None:
        super().__init__()
        self._counting = counting

    def expand(self, rows: beam.PCollection[NamedOutcome]) -> beam.PCollection[CountRow]:
        """Adds the counting to a pipeline."""
        counting = self._counting

        def keyed(row: NamedOutcome) -> Iterator[tuple[bytes, CountedName]]:
            if name := counting.name_of(row):
                outcome = row.outcome
                picture = f"{row.file.content_hash}/{outcome.page.number}/{outcome.task}"
                for value in dict.fromkeys(("", name.value)):
                    said = f"{picture}/{value}"
                    key = hashlib.blake2b(said.encode(), digest_size=16).digest()
                    yield key, replace(name, value=value)

        return (
            rows
            | "KeyByPicture" >> beam.FlatMap(keyed)
            | "MeetNames" >> CombineByKey(_DistinctFn())
            | "CountOnce" >> beam.FlatMapTuple(_count_once).with_output_types(CountRow)
            | "Sum" >> SumByKey()
            | "KeyByValue" >> beam.MapTuple(lambda key, total: (key.value, (key, total)))
            | "MeetTotals" >> beam.GroupByKey()
            | "OneValue"
            >> beam.MapTuple(lambda value, rows: (None, (ValueCounts(value, tuple(rows)),)))
            | "MostPictured" >> CombineByKey(Reduce(most_pictured))
            | "EachTotal" >> beam.FlatMapTuple(_totals_of)
        )


def _totals_of(_: None, values: Iterable[ValueCounts]) -> Iterator[CountRow]:
    for one in values:
        yield from one.rows


class _DistinctFn(beam.CombineFn):
    """What names of a picture say, which is one thing or a few, however many they are."""

    def create_accumulator(self) -> set[CountedName]:
        return set()

    def add_input(self, found: set[CountedName], name: CountedName) -> set[CountedName]:
        found.add(name)
        return found

    def merge_accumulators(self, some: Iterable[set[CountedName]]) -> set[CountedName]:
        return set[CountedName]().union(*some)

    def extract_output(self, found: set[CountedName]) -> set[CountedName]:
        return found


def _count_once(key: bytes, names: Collection[CountedName]) -> Iterator[CountRow]:
    del key
    return counts_of(names)
