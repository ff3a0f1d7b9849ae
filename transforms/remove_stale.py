"""RemoveStale: small files of earlier runs that the new table does not name, once it is there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import apache_beam as beam

from tierwise.metrics import Kept, Optimized
from tierwise.storage.files import files_for, join
from tierwise.transforms.in_threads import InThreadsFn

Stale = tuple[str, tuple[str, ...]]


class RemoveStale(beam.PTransform):
    """From `(before, optimized, published)` to how many files were deleted below the output.

    `before` are names that lie there; `published` is waited for.
    """

    def __init__(self, output: str) -> None:
        super().__init__()
        self._output = output

    def expand(
        self,
        inputs: tuple[
            beam.PCollection[str], beam.PCollection[Optimized | Kept], beam.PCollection[Any]
        ],
    ) -> beam.PCollection[int]:
        """Adds the removal to a pipeline."""
        before, optimized, published = inputs
        named = {
            "before": before | "KeyBefore" >> beam.Map(_keyed),
            "now": optimized
            | "Written" >> beam.Filter(lambda one: bool(one.output))
            | "KeyNow" >> beam.Map(lambda one: _keyed(one.output)),
        }
        return (
            named
            | "Meet" >> beam.CoGroupByKey()
            | "FindStale" >> beam.FlatMapTuple(stale)
            | "Remove" >> beam.ParDo(_RemoveFn(self._output), beam.pvalue.AsSingleton(published))
            | "Count" >> beam.CombineGlobally(sum)
        )


def _keyed(name: str) -> tuple[str, str]:
    return name.casefold(), name


def stale(_: str, found: Mapping[str, list[str]]) -> Iterator[Stale]:
    """Names that nothing has now, each with those that differ from it by their case alone."""
    now = set(found["now"])
    yield from ((name, tuple(now)) for name in sorted(set(found["before"]) - now))


class _RemoveFn(InThreadsFn):
    def __init__(self, output: str) -> None:
        super().__init__(partial(_remove, output))

    def process(self, element: Stale, published: Any = None) -> Iterator[int]:
        del published
        yield from super().process(element)


def _remove(output: str, one: Stale) -> int:
    name, others = one
    if any(_is_one_file(join(output, name), join(output, other)) for other in others):
        return 0
    files_for(output).discard(output, name)
    return 1


def _is_one_file(uri: str, other: str) -> bool:
    """Whether two names are one on a disk that does not tell a.jpg from A.JPG."""
    try:
        return "://" not in uri and os.path.samefile(uri, other)  # noqa: PTH121
    except FileNotFoundError:
        return False
