"""AuditNearDuplicates: how often pictures that look alike have different answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

import apache_beam as beam

from tierwise.answers.answer_type import AnswerType
from tierwise.near_duplicates import NearAudit
from tierwise.records import Answer, NamedOutcome
from tierwise.statistics.clusters import Clusters
from tierwise.transforms.sum_by_key import SumByKey


class AuditNearDuplicates(beam.PTransform):
    """From rows to one NearAudit per task, over the followers that were asked after all."""

    def __init__(self, kinds: Mapping[str, AnswerType]) -> None:
        super().__init__()
        self._kinds = dict(kinds)

    def expand(
        self, rows: beam.PCollection[NamedOutcome]
    ) -> beam.PCollection[tuple[str, NearAudit]]:
        """Adds the comparison to a pipeline."""
        return (
            rows
            | "Sides" >> beam.FlatMap(sides)
            | "Meet" >> beam.GroupByKey()
            | "CompareAnswers" >> beam.FlatMapTuple(partial(compared, kinds=self._kinds))
            | "SumAudit" >> SumByKey(NearAudit())
        )


def sides(row: NamedOutcome) -> Iterator[tuple[tuple[str, str], tuple[bool, str]]]:
    """An answer below its task and leader: its own content's, or that which it audits."""
    file, outcome = row.file, row.outcome
    if isinstance(outcome, Answer) and not file.leader:
        value = json.dumps(outcome.value, sort_keys=True)
        if file.audits:
            # With its content, for names of one content are one pair.
            yield (outcome.task, file.audits), (True, f"{file.content_hash} {value}")
        else:
            yield (outcome.task, file.content_hash), (False, value)


def compared(
    key: tuple[str, str], answers: Iterable[tuple[bool, str]], kinds: Mapping[str, AnswerType]
) -> Iterator[tuple[str, NearAudit]]:
    """The followers of one leader against its answer, where both were answered."""
    found = set(answers)
    leader = {value for audited, value in found if not audited}
    followers = [text.partition(" ")[2] for audited, text in found if audited]
    if len(leader) == 1 and followers:
        [of_leader], same = map(json.loads, leader), kinds[key[0]].is_same
        differing = sum(not same(json.loads(value), of_leader) for value in followers)
        yield key[0], NearAudit(Clusters.of(len(followers), differing))
