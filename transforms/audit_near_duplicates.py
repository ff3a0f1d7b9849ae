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
from tierwise.transforms.combine_by_key import CombineByKey, Reduce
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
            | "Once" >> CombineByKey(Reduce(_either))
            | "KeyByLeader" >> beam.MapTuple(lambda side, _: (side[:2], side[2:]))
            | "Meet" >> beam.GroupByKey()
            | "CompareAnswers" >> beam.FlatMapTuple(partial(compared, kinds=self._kinds))
            | "SumAudit" >> SumByKey()
        )


# A task, the content of a leader, whether a follower was asked, and what was answered.
Side = tuple[str, str, bool, str]


def sides(row: NamedOutcome) -> Iterator[tuple[Side, bool]]:
    """An answer below its task and leader: its own content's, or that which it audits."""
    file, outcome = row.file, row.outcome
    if isinstance(outcome, Answer) and not file.leader:
        value = json.dumps(outcome.value, sort_keys=True)
        if file.audits:
            # With its content, for names of one content are one pair.
            yield (outcome.task, file.audits, True, f"{file.content_hash} {value}"), True
        else:
            yield (outcome.task, file.content_hash, False, value), True


def _either(one: bool, _: bool) -> bool:
    return one


def compared(
    key: tuple[str, str], answers: Iterable[tuple[bool, str]], kinds: Mapping[str, AnswerType]
) -> Iterator[tuple[str, NearAudit]]:
    """The followers of one leader against its answer, where both were answered."""
    leader = [json.loads(value) for audited, value in answers if not audited]
    if len(leader) != 1:
        return
    same, followers, differing = kinds[key[0]].is_same, 0, 0
    for audited, text in answers:
        if audited:
            followers += 1
            differing += not same(json.loads(text.partition(" ")[2]), leader[0])
    if followers:
        yield key[0], NearAudit(Clusters.of(followers, differing))
