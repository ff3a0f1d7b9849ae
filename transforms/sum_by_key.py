"""SumByKey: totals that can be added, added up by key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import apache_beam as beam


class SumByKey(beam.PTransform):
    """From `(key, value)` to `(key, sum)` of values that can be added; `zero` sums up nothing."""

    def __init__(self, zero: Any) -> None:
        super().__init__()
        self._zero = zero

    def expand(self, pairs: beam.PCollection[Any]) -> beam.PCollection[Any]:
        """Adds the sums to a pipeline."""
        return pairs | "Sum" >> beam.CombinePerKey(_Add(self._zero))


class _Add(beam.CombineFn):
    def __init__(self, zero: Any) -> None:
        self._zero = zero

    def create_accumulator(self) -> Any:
        return self._zero

    def add_input(self, total: Any, value: Any) -> Any:
        return total + value

    def merge_accumulators(self, totals: Iterable[Any]) -> Any:
        return sum(totals, self._zero)

    def extract_output(self, total: Any) -> Any:
        return total
