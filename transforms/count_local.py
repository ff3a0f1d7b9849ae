"""CountLocal: statements that know how much was answered locally in the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import apache_beam as beam

from tierwise.answerer import AnsweredBy
from tierwise.local.statement import Statement
from tierwise.records import Answer, Answered

_BY_NAME = _ONCE, _OFTEN = ("once", "often")


class CountLocal(beam.PTransform):
    """From what became of the rest, and the statements before it, to statements after it."""

    def expand(
        self,
        both: tuple[beam.PCollection[Answered], beam.PCollection[Mapping[str, Statement]]],
    ) -> beam.PCollection[dict[str, Statement]]:
        """Adds the step to a pipeline."""
        rest, stated = both
        found = rest | "LocalTasks" >> beam.FlatMap(local_tasks).with_outputs(*_BY_NAME)
        often = found[_OFTEN] | "EachOnce" >> beam.Distinct() | beam.Keys()
        by_task = (found[_ONCE], often) | beam.Flatten() | beam.combiners.Count.PerElement()
        return stated | "Count" >> beam.Map(_counted, beam.pvalue.AsDict(by_task))


def local_tasks(answered: Answered) -> Iterator[beam.pvalue.TaggedOutput]:
    """The tasks of a content that were answered locally.

    A content whose names have columns that questions depend on may come several times.
    """
    often = "+" in answered.share_key
    for outcome in answered.outcomes:
        if isinstance(outcome, Answer) and outcome.answered_by is AnsweredBy.LOCAL:
            known = (outcome.task, answered.content_hash) if often else outcome.task
            yield beam.pvalue.TaggedOutput(_OFTEN if often else _ONCE, known)


def _counted(stated: Mapping[str, Statement], counts: Mapping[str, int]) -> dict[str, Statement]:
    return {name: replace(one, answered=counts.get(name, 0)) for name, one in stated.items()}
