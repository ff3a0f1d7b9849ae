"""MatchMoved: a name that is gone and a new one of the same bytes are one file that moved."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import apache_beam as beam

from tierwise.known_files import Change, KnownFile
from tierwise.records import Record
from tierwise.transforms.combine_by_key import CombineByKey, Reduce
from tierwise.transforms.crowd import MeetCrowd, Met, apart, member_key, part_of, word_keys

# Of one content so many names are matched; any others stay new, and gone.
_MOST_NAMES = 100


@dataclass(frozen=True, slots=True)
class Sides(Record):
    """Names of one content that are new, and such that are gone, and the parts of its crowd."""

    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    parts: int = 0

    def __add__(self, other: Sides) -> Sides:
        new, gone = sorted(self.new + other.new), sorted(self.gone + other.gone)
        parts = self.parts | other.parts
        return Sides(tuple(new[:_MOST_NAMES]), tuple(gone[:_MOST_NAMES]), parts)


class MatchMoved(beam.PTransform):
    """From files that are new or gone to the same, with those that moved as one file each.

    Both are matched in the order of their names, and nobody holds more than some hundred of them.
    """

    def expand(self, files: beam.PCollection[KnownFile]) -> beam.PCollection[KnownFile]:
        """Adds the matching to a pipeline."""
        known = files | "OfContent" >> beam.Filter(lambda file: file.content_hash)
        others = files | "OfNone" >> beam.Filter(lambda file: not file.content_hash)
        members = known | "KeyNames" >> beam.Map(
            lambda file: (member_key(file.content_hash, file.uri), file)
        )
        words = (
            known
            | "KeyByContent" >> beam.Map(lambda file: (file.content_hash, _side(file)))
            | "SumSides" >> CombineByKey(Reduce(operator.add))
            | "Words" >> beam.FlatMapTuple(_words)
        )
        matched = (members, words) | "Meet" >> MeetCrowd() | "Match" >> beam.FlatMapTuple(_match)
        return (matched, others) | "All" >> beam.Flatten()


def _side(file: KnownFile) -> Sides:
    names, part = (file.uri,), part_of(file.uri)
    return Sides(names, (), part) if file.change == Change.NEW else Sides((), names, part)


def _words(content: str, sides: Sides) -> Iterator[tuple[bytes, Sides]]:
    if sides.new and sides.gone:
        for key in word_keys(content, sides.parts):
            yield key, sides


def _match(key: bytes, met: Iterable[Met]) -> Iterator[KnownFile]:
    del key
    words, files = apart(met)
    pairs: list[tuple[str, str]] = [
        pair for word in words for pair in zip(word.new, word.gone, strict=False)
    ]
    yield from matched(files, dict(pairs))


def matched(files: Iterable[Any], moved_from: dict[str, str]) -> Iterator[KnownFile]:
    """The files, of which some new names were others before."""
    left = set(moved_from.values())
    for file in files:
        if file.change == Change.NEW and file.uri in moved_from:
            yield replace(file, change=Change.MOVED, moved_from=moved_from[file.uri])
        elif file.change == Change.NEW or file.uri not in left:
            yield file
