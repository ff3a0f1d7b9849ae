"""ShrinkImages: every file shrunk into a folder of small files, without asking anybody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics

from tierwise.accounts.tables import reduction_percent
from tierwise.answering.optimize_file import SMALL_ENDINGS, Shrinking, optimize_file
from tierwise.metrics import Optimized
from tierwise.records import ImageFile
from tierwise.scheduling.shrinkers import ShrinkersAside
from tierwise.scheduling.tally import TALLY
from tierwise.storage.listing import Input
from tierwise.storage.relative_names import stem_of, with_digest
from tierwise.transforms.in_threads import InThreadsFn

_PAGE = re.compile(r"\.page-\d+$")


@dataclass(frozen=True, slots=True)
class Placed:
    """A file and the path of its small file below the output, without an ending."""

    file: ImageFile
    stem: str


class ShrinkImages(beam.PTransform):
    """From files to one Optimized record per image; the pictures are written on the way.

    The folder structure is kept. Where two files would get the same name, the first in alphabetical
    order gets it and the others carry a digest of their address; a folder keeps its name before
    any file, and pages of a file before a file that is called like one. `shrinkers` are the
    processes that shrink beside a worker process, 0 where its threads do.
    """

    def __init__(self, found: Input, shrinking: Shrinking, shrinkers: int = 0) -> None:
        super().__init__()
        self._found = found
        self._shrinking = shrinking
        self._shrinkers = shrinkers

    def expand(self, files: beam.PCollection[ImageFile]) -> beam.PCollection[Optimized]:
        """Adds the shrinking to a pipeline."""
        found = self._found
        return (
            files
            | "KeyByName" >> beam.FlatMap(lambda file: claims(found, file))
            | "GroupByName" >> beam.GroupByKey()
            | "PlaceFiles" >> beam.FlatMapTuple(place_files)
            | "Shrink" >> beam.ParDo(_ShrinkFn(self._shrinking, self._shrinkers))
        )


def claims(found: Input, file: ImageFile) -> Iterator[tuple[str, Placed | None]]:
    """The name that a file would get, and those that its folders take away from others."""
    placed = Placed(file, stem_of(found, file.uri))
    yield _key(placed.stem), placed
    folders = placed.stem.split("/")[:-1]
    for depth, name in enumerate(folders, start=1):
        stem, _, ending = name.rpartition(".")
        if ending.casefold() in SMALL_ENDINGS.values():
            yield _key("/".join([*folders[: depth - 1], stem])), None


def _key(stem: str) -> str:
    """The same for all that may meet: some disks do not tell a.jpg from A.JPG."""
    return _PAGE.sub("", stem.casefold())


def place_files(key: str, claims: Iterable[Placed | None]) -> Iterator[Placed]:
    """Different paths for files that would get the same one; a file named twice is placed once."""
    files = list(claims)
    by_uri = {placed.file.uri: placed for placed in files if placed}
    stems = {placed.stem.casefold() for placed in by_uri.values()}
    # Taken before anybody comes: by a folder, or by pages of the file that has no number.
    taken = stems if None in files else stems - {key} if key in stems else set[str]()
    for uri in sorted(by_uri):
        placed = by_uri[uri]
        stem = placed.stem.casefold()
        yield Placed(placed.file, with_digest(placed.stem, uri)) if stem in taken else placed
        taken = taken | {stem}


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
