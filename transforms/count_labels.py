"""CountLabels: how many pictures have which answer, and which label by people's word."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import apache_beam as beam

from tierwise.counts.tally import (
    CountedName,
    Counting,
    CountKey,
    CountRow,
    CountTotals,
    picture_counts,
)
from tierwise.records import NamedOutcome
from tierwise.transforms.key_coder import code_keys
from tierwise.transforms.sum_by_key import SumByKey

code_keys(CountKey)


class CountLabels(beam.PTransform):
    """From named outcomes to sums by label; names of one content meet, so that it counts once."""

    def __init__(self, counting: Counting) -> None:
        super().__init__()
        self._counting = counting

    def expand(self, rows: beam.PCollection[NamedOutcome]) -> beam.PCollection[CountRow]:
        """Adds the counting to a pipeline."""
        counting = self._counting

        def keyed(row: NamedOutcome) -> Iterator[tuple[bytes, CountedName]]:
            if name := counting.name_of(row):
                outcome = row.outcome
                said = f"{row.file.content_hash}/{outcome.page.number}/{outcome.task}"
                yield hashlib.blake2b(said.encode(), digest_size=16).digest(), name

        return (
            rows
            | "KeyByPicture" >> beam.FlatMap(keyed)
            | "MeetNames" >> beam.GroupByKey()
            | "CountOnce" >> beam.FlatMapTuple(_count_once)
            | "Sum" >> SumByKey(CountTotals())
        )


def _count_once(key: bytes, names: Iterable[CountedName]) -> Iterator[CountRow]:
    del key
    return picture_counts(names)


class FindChanged(beam.PTransform):
    """From named outcomes to the names whose content is no longer what people have labelled."""

    def __init__(self, counting: Counting) -> None:
        super().__init__()
        self._counting = counting

    def expand(self, rows: beam.PCollection[NamedOutcome]) -> beam.PCollection[str]:
        """Adds the search to a pipeline."""
        counting = self._counting

        def changed(row: NamedOutcome) -> Iterator[str]:
            if name := counting.changed(row):
                yield name

        return rows | "Changed" >> beam.FlatMap(changed) | "Once" >> beam.Distinct()
