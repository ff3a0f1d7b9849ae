"""ShrinkImages: every file shrunk into a folder of small files, without asking anybody."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics

from tierwise.accounts.tables import reduction_percent
from tierwise.answering.optimize_file import Shrinking, optimize_file
from tierwise.metrics import Optimized
from tierwise.records import ImageFile
from tierwise.scheduling.shrinkers import ShrinkersAside
from tierwise.scheduling.tally import TALLY
from tierwise.storage.listing import Input
from tierwise.transforms.in_threads import InThreadsFn
from tierwise.transforms.place_files import Placed, PlaceFiles


class ShrinkImages(beam.PTransform):
    """From files to one Optimized record per image; the pictures are written on the way.

    `PlaceFiles` says where they go. `shrinkers` are the processes that shrink beside a worker
    process, 0 where its threads do.
    """

    def __init__(self, found: Input, shrinking: Shrinking, shrinkers: int = 0) -> None:
        super().__init__()
        self._found = found
        self._shrinking = shrinking
        self._shrinkers = shrinkers

    def expand(self, files: beam.PCollection[ImageFile]) -> beam.PCollection[Optimized]:
        """Adds the shrinking to a pipeline."""
        placed = files | "PlaceFiles" >> PlaceFiles(self._found)
        return placed["placed"] | "Shrink" >> ShrinkPlaced(self._shrinking, self._shrinkers)


class ShrinkPlaced(beam.PTransform):
    """The same, from files whose places are known."""

    def __init__(self, shrinking: Shrinking, shrinkers: int = 0) -> None:
        super().__init__()
        self._shrink = _ShrinkFn(shrinking, shrinkers)

    def expand(self, placed: beam.PCollection[Placed]) -> beam.PCollection[Optimized]:
        """Adds the shrinking to a pipeline."""
        return placed | "Shrink" >> beam.ParDo(self._shrink)


class _ShrinkFn(InThreadsFn):
    """In threads, or in processes where that is worth while."""

    def __init__(self, shrinking: Shrinking, shrinkers: int) -> None:
        super().__init__(lambda placed: optimize_file(placed.file, placed.stem, shrinking))
        self._shrinking, self._processes = shrinking, shrinkers
        self._shrinkers: ShrinkersAside | None = None
        self._failures = Metrics.counter("tierwise", "failures")
        self._distributions = {
            name: Metrics.distribution("tierwise", name)
            for name in ("original_bytes", "sent_bytes", "reduction_percent", "milliseconds")
        }

    def setup(self) -> None:
        super().setup()
        if self._processes:
            with suppress(OSError):  # threads do as well, if not as fast
                self._shrinkers = ShrinkersAside(self._processes)

    def begin(self, elements: list[Placed]) -> Future[Any]:
        if self._shrinkers is None:
            return super().begin(elements)
        [placed] = elements
        return self._shrinkers.submit(optimize_file, placed.file, placed.stem, self._shrinking)

    def results(self, begun: Any) -> list[list[Optimized]]:
        return [begun] if self._shrinkers else super().results(begun)

    def teardown(self) -> None:
        super().teardown()
        if self._shrinkers:
            self._shrinkers.close()

    def emit(self, result: list[Optimized]) -> Iterator[Optimized]:
        for one in result:
            self._count(one)
            yield one

    def _count(self, one: Optimized) -> None:
        TALLY.files += one.first
        TALLY.failures += one.failure is not None
        if one.picture is None:
            self._failures.inc()
            return
        values = {
            "original_bytes": one.file.bytes,
            "sent_bytes": one.sent_bytes,
            "reduction_percent": round(reduction_percent(one.file.bytes, one.sent_bytes)),
            "milliseconds": round(one.picture.milliseconds),
        }
        for name, value in values.items():
            self._distributions[name].update(value)
