"""JudgeAnswers: answers against the labels of the manifest, counted."""

from __future__ import annotations

from collections.abc import Mapping

import apache_beam as beam

from tierwise.evaluation import Judged, PairRow, PairTotals, judge
from tierwise.records import NamedOutcome
from transforms.sum_by_key import SumByKey


class JudgeAnswers(beam.PTransform):
    """From named outcomes to one total per task, label and answer."""

    def __init__(self, judged: Mapping[str, Judged]) -> None:
        super().__init__()
        self._judged = dict(judged)

    def expand(self, rows: beam.PCollection[NamedOutcome]) -> beam.PCollection[PairRow]:
        """Adds the counting to a pipeline."""
        judged = self._judged
        return (
            rows
            | "Judge" >> beam.FlatMap(lambda row: judge(judged, row.file, row.outcome))
            | "SumPairs" >> SumByKey(PairTotals())
        )
