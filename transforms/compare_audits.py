"""CompareAudits: cheap answers against those of the reference route."""

from __future__ import annotations

from collections.abc import Sequence

import apache_beam as beam

from tierwise.audit import audited_pairs
from tierwise.evaluation import PairKey, PairRow
from tierwise.records import Answered
from tierwise.tasks import Task
from tierwise.transforms.key_coder import code_keys

code_keys(PairKey)


class CompareAudits(beam.PTransform):
    """From answered contents to pairs of reference and cheap answer, to be added up."""

    def __init__(self, audits: Sequence[Task]) -> None:
        super().__init__()
        self._audits = audits

    def expand(self, answered: beam.PCollection[Answered]) -> beam.PCollection[PairRow]:
        """Adds the comparison to a pipeline."""
        audits = self._audits
        return answered | "Compare" >> beam.FlatMap(
            lambda one: audited_pairs(audits, one)
        ).with_output_types(PairRow)
