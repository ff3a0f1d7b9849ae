"""SumCosts: the rows of `costs`."""

from __future__ import annotations

from collections.abc import Iterable

import apache_beam as beam

from tierwise.accounts.charged import MOST_VALUES, ChargedCosts
from tierwise.accounts.costs import CostKey, CostRow, totals_of
from tierwise.records import NamedOutcome
from tierwise.transforms.key_coder import code_keys
from tierwise.transforms.sum_by_key import SumByKey
from tierwise.wording import plain_text

code_keys(CostKey)


class SumCosts(beam.PTransform):
    """From named outcomes to one total per task, route, outcome and value of a manifest column.

    Values beyond those that `ChargedCosts` tells apart share a row.
    """

    def __init__(self, charged_to: str = "", most_values: int = MOST_VALUES) -> None:
        super().__init__()
        self._column = charged_to
        self._most_values = most_values

    def expand(self, rows: beam.PCollection[NamedOutcome]) -> beam.PCollection[CostRow]:
        """Adds the sums to a pipeline."""
        column = self._column
        sums = (
            rows
            | "CostsOfRow"
            >> beam.FlatMap(
                lambda row: totals_of(row.outcome, cell(row, column))
            ).with_output_types(CostRow)
            | "SumByRow" >> SumByKey()
        )
        if not column:
            return sums
        return (
            sums
            | "BoundValues" >> beam.CombineGlobally(_BoundedFn(self._most_values))
            | "BoundedRows" >> beam.FlatMap(ChargedCosts.rows).with_output_types(CostRow)
        )


class _BoundedFn(beam.CombineFn):
    def __init__(self, most_values: int) -> None:
        self._most_values = most_values

    def create_accumulator(self) -> ChargedCosts:
        return ChargedCosts(self._most_values)

    def add_input(self, found: ChargedCosts, row: CostRow) -> ChargedCosts:
        found.add([row])
        return found

    def merge_accumulators(self, some: Iterable[ChargedCosts]) -> ChargedCosts:
        merged = self.create_accumulator()
        for one in some:
            merged.add(one.rows())
        return merged

    def extract_output(self, found: ChargedCosts) -> ChargedCosts:
        return found


def cell(row: NamedOutcome, column: str) -> str:
    """What the manifest says of a row in a column, as text; empty for null and without a column."""
    value = row.file.columns.get(column) if column else None
    return "" if value is None else plain_text(value)
