"""CompareAudits: cheap answers against those of the reference route."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import apache_beam as beam

from tierwise.audit import AuditTally, audit_tallies, audited_pairs
from tierwise.evaluation import PairKey, PairRow
from tierwise.records import Answered
from tierwise.tasks import Task
from tierwise.transforms.key_coder import code_keys
from tierwise.transforms.sum_by_key import SumByKey

code_keys(PairKey)


class Compared(NamedTuple):
    """Pairs of reference and cheap answer, to be added up, and one tally of each task."""

    pairs: beam.PCollection[PairRow]
    tallies: beam.PCollection[tuple[str, AuditTally]]


class CompareAudits(beam.PTransform):
    """From answered contents to what their audits found."""

    def __init__(self, audits: Sequence[Task]) -> None:
        super().__init__()
        self._audits = audits

    def expand(self, answered: beam.PCollection[Answered]) -> Compared:
        """Adds the comparison to a pipeline."""
        audits = self._audits
        pairs = answered | "Compare" >> beam.FlatMap(
            lambda one: audited_pairs(audits, one)
        ).with_output_types(PairRow)
        tallies = (
            answered
            | "Tally" >> beam.FlatMap(lambda one: audit_tallies(audits, one))
            | "SumTallies" >> SumByKey()
        )
        return Compared(pairs, tallies)
