"""SumCosts: the rows of `costs`."""

from __future__ import annotations

import apache_beam as beam

from tierwise.costs import CostKey, CostTotals, totals_of
from transforms.name_answers import NamedOutcome
from transforms.sum_by_key import SumByKey

CostRow = tuple[CostKey, CostTotals]


class SumCosts(beam.PTransform):
    """From named outcomes to one total per task, route and outcome."""

    def expand(self, rows: beam.PCollection[NamedOutcome]) -> beam.PCollection[CostRow]:
        """Adds the sums to a pipeline."""
        return (
            rows
            | "CostsOfRow" >> beam.FlatMap(lambda row: totals_of(row.outcome))
            | "SumByRow" >> SumByKey(CostTotals.zero())
        )
