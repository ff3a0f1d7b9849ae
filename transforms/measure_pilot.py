"""MeasurePilot: what the contents of a pilot cost, whichever run paid for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import apache_beam as beam

from tierwise.forecast.pilot import Measured, measured_content
from tierwise.journal.journal_files import JournalFiles, shard_of
from tierwise.records import Answered, Outcome, Spent


class MeasurePilot(beam.PTransform):
    """From Answered records to one Measured.

    What earlier runs paid stands in the journal alone, which is read once more, shard by shard.
    """

    def __init__(self, journal: JournalFiles) -> None:
        super().__init__()
        self._journal = journal

    def expand(self, answered: beam.PCollection[Answered]) -> beam.PCollection[Measured]:
        """Adds the sum to a pipeline."""
        journal = self._journal
        return (
            answered
            | "KeyByShard" >> beam.Map(lambda one: (shard_of(_content(one), journal.digits), one))
            | "GroupByShard" >> beam.GroupByKey()
            | "MeasureShard" >> beam.MapTuple(lambda name, some: measure(name, some, journal))
            | "SumShards" >> beam.CombineGlobally(_sum)
        )


def measure(shard: str, answered: Iterable[Answered], journal: JournalFiles) -> Measured:
    """What the contents of one shard cost; names that are asked otherwise are of one content."""
    contents = defaultdict[str, list[Outcome]](list)
    for one in answered:
        contents[_content(one)] += one.outcomes
    asked = {name for some in contents.values() for one in some for name in _requests(one)}
    spent = journal.spent_on(shard, asked)

    def paid(outcome: Outcome) -> Spent:
        return sum((spent.pop(name, Spent()) for name in _requests(outcome)), Spent())

    found = (measured_content([(one, paid(one)) for one in some]) for some in contents.values())
    return sum(found, Measured())


def _content(one: Answered) -> str:
    return one.share_key.partition("+")[0]


def _requests(outcome: Outcome) -> list[str]:
    """The questions that led to an outcome: those that came first among them."""
    earlier = _requests(outcome.first) if outcome.first else []
    return [outcome.request_id, *earlier]


def _sum(some: Iterable[Measured]) -> Measured:
    return sum(some, Measured())
