"""The names of an archive for a forecast: all of them, or a part where there are too many."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from tierwise.storage.listing import Input, Named, Skipped, list_names

# Of a listing so long that it was cut, so many names stand for all.
_MOST_LISTED = 20_000


@dataclass(frozen=True, slots=True)
class ArchiveNames:
    """Names that are tried, each once: of `files` in all those in `named`; `skipped` are not tried.

    `files` and `skipped` are estimates where only a part was listed.
    """

    files: int
    named: tuple[Named, ...]
    skipped: int

    @property
    def scale(self) -> float:
        """Files in the archive for each that is named here."""
        return self.files / len(self.named) if self.named else 0.0


def archive_names(found: Input, rng: random.Random) -> ArchiveNames:
    """The names of an input.

    Raises:
        InputError: a manifest is malformed.
    """
    listed = list(_listed(found, rng))
    named = tuple({name.uri: name for name in listed if isinstance(name, Named)}.values())
    skipped = sum(not isinstance(name, Named) for name in listed)
    if found.about is None:
        return ArchiveNames(len(named), named, skipped)
    tried = round(found.about * len(named) / len(listed)) if listed else 0
    return ArchiveNames(tried, named, found.about - tried)


def _listed(found: Input, rng: random.Random) -> Iterator[Named | Skipped]:
    if found.about is None:
        return list_names(found)
    ranges = tuple(rng.sample(found.ranges, len(found.ranges)))
    return islice(list_names(replace(found, ranges=ranges)), _MOST_LISTED)
