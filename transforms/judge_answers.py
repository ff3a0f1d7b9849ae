"""JudgeAnswers: answers against the labels of the manifest."""

from __future__ import annotations

from collections.abc import Mapping

import apache_beam as beam

from tierwise.evaluation import Judged, PairKey, PairRow, judge_row
from tierwise.records import NamedOutcome
from tierwise.transforms.key_coder import code_keys

code_keys(PairKey)


class JudgeAnswers(beam.PTransform):
    """From named outcomes to pairs of label and answer, to be added up."""

    def __init__(self, judged: Mapping[str, Judged]) -> None:
        super().__init__()
        self._judged = dict(judged)

    def expand(self, rows: beam.PCollection[NamedOutcome]) -> beam.PCollection[PairRow]:
        """Adds the judging to a pipeline."""
        judged = self._judged
        return rows | "Judge" >> beam.FlatMap(
            lambda row: judge_row(judged, row.file, row.outcome)
        ).with_output_types(PairRow)
