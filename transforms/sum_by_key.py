"""SumByKey: totals that can be added, added up by key."""

from __future__ import annotations

import operator
from typing import Any

import apache_beam as beam

from tierwise.transforms.combine_by_key import CombineByKey, Reduce


class SumByKey(beam.PTransform):
    """From `(key, value)` to `(key, sum)` of values that can be added."""

    def expand(self, pairs: beam.PCollection[Any]) -> beam.PCollection[Any]:
        """Adds the sums to a pipeline."""
        return pairs | "Sum" >> CombineByKey(Reduce(operator.add))
