"""SumCosts: the rows of `costs`."""

from __future__ import annotations

import apache_beam as beam

from tierwise.accounts.costs import CostKey, CostRow, totals_of
from tierwise.records import NamedOutcome
from tierwise.transforms.key_coder import code_keys
from tierwise.transforms.sum_by_key import SumByKey
from tierwise.wording import plain_text

code_keys(CostKey)


class SumCosts(beam.PTransform):
    """From named outcomes to one total per task, route, outcome and value of a manifest column."""

    def __init__(self, charged_to: str = "") -> None:
        super().__init__()
        self._column = charged_to

    def expand(self, rows: beam.PCollection[NamedOutcome]) -> beam.PCollection[CostRow]:
        """Adds the sums to a pipeline."""
        column = self._column
        return (
            rows
            | "CostsOfRow"
            >> beam.FlatMap(
                lambda row: totals_of(row.outcome, cell(row, column))
            ).with_output_types(CostRow)
            | "SumByRow" >> SumByKey()
        )


def cell(row: NamedOutcome, column: str) -> str:
    """What the manifest says of a row in a column, as text; empty for null and without a column."""
    value = row.file.columns.get(column) if column else None
    return "" if value is None else plain_text(value)
