"""CloseRun: one last step, once everything before it is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apache_beam as beam


class CloseRun(beam.PTransform):
    """From `(parts, totals, skipped)` to what `publish` returns.

    `publish(publication, parts, totals, skipped)` gets both as lists and the number of files that
    were skipped. It may be called more than once.
    """

    def __init__(self, publication: Any, publish: Callable[..., dict[str, Any]]) -> None:
        super().__init__()
        self._publication = publication
        self._publish = publish

    def expand(self, inputs: tuple[Any, Any, Any]) -> beam.PCollection[dict[str, Any]]:
        """Adds the last step to a pipeline."""
        parts, totals, skipped = inputs
        count = skipped | "CountSkipped" >> beam.combiners.Count.Globally()
        return (
            parts.pipeline
            | "Finish" >> beam.Create([self._publication])
            | "Publish"
            >> beam.Map(
                self._publish,
                beam.pvalue.AsList(parts),
                beam.pvalue.AsList(totals),
                beam.pvalue.AsSingleton(count),
            )
        )
