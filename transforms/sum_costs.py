"""SumCosts: the rows of `costs`."""

from __future__ import annotations

from collections.abc import Iterable

import apache_beam as beam

from tierwise.costs import CostKey, CostTotals, totals_of
from transforms.name_answers import NamedOutcome

CostRow = tuple[CostKey, CostTotals]


class SumCosts(beam.PTransform):
    """From named outcomes to one total per task, route and outcome."""

    def expand(self, rows: beam.PCollection[NamedOutcome]) -> beam.PCollection[CostRow]:
        """Adds the sums to a pipeline."""
        return (
            rows
            | "CostsOfRow" >> beam.FlatMap(lambda row: totals_of(row.outcome))
            | "SumByRow" >> beam.CombinePerKey(AddCosts())
        )


class AddCosts(beam.CombineFn):
    """Beam's wrapper of `CostTotals`, which does the arithmetic."""

    def create_accumulator(self) -> CostTotals:
        return CostTotals.zero()

    def add_input(self, total: CostTotals, element: CostTotals) -> CostTotals:
        return total + element

    def merge_accumulators(self, totals: Iterable[CostTotals]) -> CostTotals:
        return sum(totals, CostTotals.zero())

    def extract_output(self, total: CostTotals) -> CostTotals:
        return total
