"""PlaceFiles: where the small files of each file go, below an output that may hold others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.transforms.window import GlobalWindow
from apache_beam.typehints import Tuple
from apache_beam.utils.windowed_value import WindowedValue

from tierwise.publishing.written_before import (
    Claim,
    Kind,
    Sign,
    Source,
    ours,
    signs_in,
    sources,
    stem_of_small,
    taken_folders,
    write_claims,
)
from tierwise.records import STORE_REASONS, ImageFile
from tierwise.storage.listing import Input
from tierwise.storage.relative_names import stem_of, with_digest

BEFORE = "before"
_PAGE = re.compile(r"\.page-\d+$")
# Claims that are written down together, before the first of their files is shrunk.
_AT_A_TIME = 256


@dataclass(frozen=True, slots=True)
class Placed:
    """A file and the path of its small file below the output, without an ending."""

    file: ImageFile
    stem: str


class PlaceFiles(beam.PTransform):
    """From files to `placed`, and `before`, names of small files of earlier runs that lie there.

    The folder structure is kept. Where two files would get the same name, the first in alphabetical
    order gets it and the others carry a digest of their address; a folder keeps its name before
    any file, and pages of a file before a file that is called like one. Where `output` is given,
    what lies there and no run wrote keeps its name, too.
    """

    def __init__(self, found: Input, output: str = "") -> None:
        super().__init__()
        self._found = found
        self._output = output

    def expand(self, files: beam.PCollection[ImageFile]) -> dict[str, beam.PCollection[Any]]:
        """Adds the placing to a pipeline."""
        found = self._found
        wanted = files | "KeyByName" >> beam.FlatMap(
            lambda file: claims(found, file)
        ).with_output_types(Tuple[str, Any])
        if self._output:
            signs = (
                files.pipeline
                | "NameOutput" >> beam.Create([self._output])
                | "FindSources" >> beam.FlatMap(sources).with_output_types(Source)
                | "SpreadSources" >> beam.Reshuffle()
                | "ReadSigns" >> beam.FlatMap(_keyed_signs).with_output_types(Tuple[str, Any])
            )
            wanted = (wanted, signs) | "WithSigns" >> beam.Flatten()
        place = beam.FlatMapTuple(place_files).with_outputs(BEFORE, main="placed")
        placed = wanted | "GroupByName" >> beam.GroupByKey() | "PlaceFiles" >> place
        return {"placed": placed["placed"], BEFORE: placed[BEFORE]}


def claims(found: Input, file: ImageFile) -> Iterator[tuple[str, Placed | Sign]]:
    """The name that a file would get, and those that its folders take away from others."""
    placed = Placed(file, stem_of(found, file.uri))
    yield _key(placed.stem), placed
    for stem in taken_folders(placed.stem):
        yield _key(stem), Sign(Kind.FOLDER)


def _keyed_signs(source: Source) -> Iterator[tuple[str, Placed | Sign]]:
    for sign in signs_in(source):
        has_ending = sign.kind in (Kind.LIES, Kind.WRITTEN)
        stem = sign.name.rpartition(".")[0] if has_ending else sign.name
        yield _key(stem), sign


def _key(stem: str) -> str:
    """The same for all that may meet: some disks do not tell a.jpg from A.JPG."""
    return _PAGE.sub("", stem.casefold())


def place_files(key: str, found: Iterable[Placed | Sign]) -> Iterator[Placed | TaggedOutput]:
    """Different paths for files that would get the same one; a file named twice is placed once."""
    by_uri, signs = dict[str, Placed](), list[Sign]()
    for one in found:
        if isinstance(one, Placed):
            by_uri[one.file.uri] = one
        else:
            signs.append(one)
    before = ours(signs)
    in_the_way = any(
        sign.kind is Kind.FOLDER or (sign.kind is Kind.LIES and sign.name not in before)
        for sign in signs
    )
    stems = {placed.stem.casefold() for placed in by_uri.values()}
    # Taken before anybody comes: by what is in the way, or by pages of the file without a number.
    taken = stems if in_the_way else stems - {key} if key in stems else set[str]()
    held = _held(by_uri, signs)
    for uri in sorted(by_uri):
        placed = by_uri[uri]
        stem = placed.stem.casefold()
        away = stem in taken or held.get(stem, uri) != uri
        yield Placed(placed.file, with_digest(placed.stem, uri)) if away else placed
        taken = taken | {stem}
    yield from (TaggedOutput(BEFORE, name) for name in sorted(before))


def _held(by_uri: Mapping[str, Placed], signs: Iterable[Sign]) -> dict[str, str]:
    """Which places are those of pictures that cannot be read now: their small files stay."""
    away = {uri for uri, one in by_uri.items() if one.file.problem_reason in STORE_REASONS}
    written = (sign for sign in signs if sign.kind is Kind.WRITTEN and sign.uri in away)
    return {stem_of_small(sign.name).casefold(): sign.uri for sign in written}


class ClaimPlaces(beam.PTransform):
    """The same files, once it is written down in a staging folder where their small ones go."""

    def __init__(self, staging: str) -> None:
        super().__init__()
        self._staging = staging

    def expand(self, placed: beam.PCollection[Placed]) -> beam.PCollection[Placed]:
        """Adds the step to a pipeline."""
        claim = beam.ParDo(_ClaimFn(self._staging)).with_output_types(Placed)
        return placed | "Claim" >> claim


class _ClaimFn(beam.DoFn):
    def __init__(self, staging: str) -> None:
        self._staging = staging
        self._waiting: list[Placed] = []

    def start_bundle(self) -> None:
        self._waiting = []

    def process(self, placed: Placed) -> Iterator[Placed]:
        self._waiting.append(placed)
        if len(self._waiting) >= _AT_A_TIME:
            yield from self._claimed()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        everything = GlobalWindow()
        for placed in self._claimed():
            yield WindowedValue(placed, everything.max_timestamp(), [everything])

    def _claimed(self) -> list[Placed]:
        claimed, self._waiting = self._waiting, []
        if claimed:
            write_claims(self._staging, [_claim(one) for one in claimed])
        return claimed


def _claim(placed: Placed) -> Claim:
    return Claim(placed.stem, placed.file.uri, placed.file.content_hash)
