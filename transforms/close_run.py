"""CloseRun: one last step, once everything before it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import apache_beam as beam

from tierwise.journal.run_records import Lease
from tierwise.skipped_files import NOTHING_SKIPPED, SkippedFiles
from tierwise.transforms.keep_lease import keep_lease
from tierwise.transforms.list_names import SKIPPED
from tierwise.transforms.sum_by_key import SumByKey


class CloseRun(beam.PTransform):
    """From `(parts, totals, left_out)`, perhaps with `others`, to what `publish` returns.

    `publish(publication, parts, totals, left_out, **others)` gets how many elements each collection
    of `left_out` has, by its name, and all others as lists. Of what listings have skipped it gets
    the sum, as `skipped`. It may be called more than once.
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
        left_out = dict(left_out)
        skipped = left_out.pop(SKIPPED) | "SumSkipped" >> beam.CombineGlobally(_sum_skipped)
        others = {**others, "skipped": skipped}
        named = tuple(_named(name, some) for name, some in left_out.items())
        counts = named | "AllNamed" >> beam.Flatten() | "Count" >> SumByKey()
        none = dict.fromkeys(left_out, 0)
        publish = partial(self._publish, self._publication)
        last = parts.pipeline | "Finish" >> beam.Impulse()
        return keep_lease(last, self._lease, "KeepLease") | "Publish" >> beam.Map(
            lambda _, parts, totals, counts, **others: publish(
                parts, totals, {**none, **counts}, **others
            ),
            beam.pvalue.AsList(parts),
            beam.pvalue.AsList(totals),
            beam.pvalue.AsDict(counts),
            **{name: beam.pvalue.AsList(some) for name, some in others.items()},
        )


def _sum_skipped(some: Iterable[SkippedFiles]) -> SkippedFiles:
    return sum(some, NOTHING_SKIPPED)


def _named(name: str, some: beam.PCollection[Any]) -> beam.PCollection[tuple[str, int]]:
    return some | f"Name-{name}" >> beam.Map(lambda _: (name, 1))
