"""CountChanges: how many files are new, changed, moved and gone."""

from __future__ import annotations

from typing import Any

import apache_beam as beam

from tierwise.known_files import KnownFile
from tierwise.transforms.sum_by_key import SumByKey


class CountChanges(beam.PTransform):
    """From known files to `(change, number)`, less those that have not changed."""

    def expand(self, files: beam.PCollection[KnownFile]) -> beam.PCollection[Any]:
        """Adds the counting to a pipeline."""
        return (
            files
            | "Changed" >> beam.Filter(lambda file: file.change)
            | "KeyByChange" >> beam.Map(lambda file: (file.change, 1))
            | "Count" >> SumByKey()
        )
