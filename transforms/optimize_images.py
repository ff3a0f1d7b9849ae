"""OptimizeImages: every file shrunk into a folder of small files, without asking anybody."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from answering.optimize_file import Shrinking, optimize_file
from answering.tally import TALLY
from storage.listing import Input
from storage.relative_names import stem_of
from tierwise.metrics import Optimized
from tierwise.records import ImageFile
from tierwise.tables import reduction_percent


@dataclass(frozen=True, slots=True)
class Placed:
    """A file and the path of its small file below the output, without an ending."""

    file: ImageFile
    stem: str


class OptimizeImages(beam.PTransform):
    """From files to one Optimized record per image; the pictures are written on the way.

    The folder structure is kept. Where two files would get the same name, the first in alphabetical
    order gets it and the others carry a digest of their address.
    """

    def __init__(self, found: Input, shrinking: Shrinking) -> None:
        super().__init__()
        self._found = found
        self._shrinking = shrinking

    def expand(self, files: beam.PCollection[ImageFile]) -> beam.PCollection[Optimized]:
        """Adds the shrinking to a pipeline."""
        found = self._found

        def keyed(file: ImageFile) -> tuple[str, Placed]:
            stem = stem_of(found, file.uri)
            # Some disks do not tell a.jpg from A.JPG.
            return stem.casefold(), Placed(file, stem)

        return (
            files
            | "KeyByName" >> beam.Map(keyed)
            | "GroupByName" >> beam.GroupByKey()
            | "PlaceFiles" >> beam.FlatMapTuple(place_files)
            | "Shrink" >> beam.ParDo(_ShrinkFn(self._shrinking))
        )


def place_files(name: str, files: Iterable[Placed]) -> Iterator[Placed]:
    """Different paths for files that would get the same one; a file named twice is placed once."""
    del name
    by_uri = {placed.file.uri: placed for placed in files}
    for number, uri in enumerate(sorted(by_uri)):
        placed = by_uri[uri]
        digest = hashlib.sha256(uri.encode()).hexdigest()[:8]
        yield placed if number == 0 else Placed(placed.file, f"{placed.stem}-{digest}")


class _ShrinkFn(beam.DoFn):
    """Keeps all processors busy from Beam's one thread; decoders release the interpreter lock."""

    def __init__(self, shrinking: Shrinking) -> None:
        self._shrinking = shrinking
        self._failures = Metrics.counter("tierwise", "failures")
        self._distributions = {
            name: Metrics.distribution("tierwise", name)
            for name in ("original_bytes", "sent_bytes", "reduction_percent", "milliseconds")
        }

    def setup(self) -> None:
        self._threads = max(2, os.cpu_count() or 1)
        self._pool = ThreadPoolExecutor(self._threads, "tierwise-images")

    def start_bundle(self) -> None:
        self._under_way: set[Future[list[Optimized]]] = set()

    def process(self, placed: Placed) -> Iterator[Optimized]:
        future = self._pool.submit(optimize_file, placed.file, placed.stem, self._shrinking)
        self._under_way.add(future)
        if len(self._under_way) >= 2 * self._threads:
            yield from self._finished()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        everything = GlobalWindow()
        while self._under_way:
            for one in self._finished():
                yield WindowedValue(one, everything.max_timestamp(), [everything])

    def teardown(self) -> None:
        self._pool.shutdown()

    def _finished(self) -> Iterator[Optimized]:
        done, self._under_way = wait(self._under_way, return_when=FIRST_COMPLETED)
        for future in done:
            for one in future.result():
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
