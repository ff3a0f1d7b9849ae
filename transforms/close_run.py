"""CloseRun: one last step, once everything before it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import apache_beam as beam

from tierwise.journal.run_records import Lease
from tierwise.transforms.keep_lease import keep_lease


class CloseRun(beam.PTransform):
    """From `(parts, totals, left_out)`, perhaps with `others`, to what `publish` returns.

    `publish(publication, parts, totals, left_out, **others)` gets how many elements each collection
    of `left_out` has, by its name, and all others as lists. It may be called more than once.
    Whoever publishes keeps `lease`, if there is one.
    """

    def __init__(
        self,
        publication: Any,
        publish: Callable[..., dict[str, Any]],
        lease: Lease | None = None,
    ) -> None:
        super().__init__()
        self._lease = lease
        self._publication = publication
        self._publish = publish

    def expand(self, inputs: tuple[Any, ...]) -> beam.PCollection[dict[str, Any]]:
        """Adds the last step to a pipeline."""
        parts, totals, left_out, *more = inputs
        others: Mapping[str, Any] = more[0] if more else {}
        counts = tuple(_counted(name, some) for name, some in left_out.items())
        last = parts.pipeline | "Finish" >> beam.Create([self._publication])
        return keep_lease(last, self._lease, "KeepLease") | "Publish" >> beam.Map(
            self._publish,
            beam.pvalue.AsList(parts),
            beam.pvalue.AsList(totals),
            beam.pvalue.AsDict(counts | "AllCounts" >> beam.Flatten()),
            **{name: beam.pvalue.AsList(some) for name, some in others.items()},
        )


def _counted(name: str, some: beam.PCollection[Any]) -> beam.PCollection[tuple[str, int]]:
    count = some | f"Count-{name}" >> beam.combiners.Count.Globally()
    return count | f"Name-{name}" >> beam.Map(lambda number: (name, number))
