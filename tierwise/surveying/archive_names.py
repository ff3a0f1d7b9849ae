"""The names of an archive for a forecast: all of them, or a part where there are too many."""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import sqrt

from tierwise.skipped_files import SkippedFiles, Tally
from tierwise.storage.listing import Input, Named
from tierwise.storage.places import place_of_path
from tierwise.storage.sampled_names import sampled_names

# A folder on a disk is walked whole, for nothing else says how many files it has: of millions so
# many are held, at some 500 bytes each.
_MOST_HELD = 100_000


@dataclass(frozen=True, slots=True)
class ArchiveNames:
    """Names that are tried, each once: of `files` in all those in `named`; `skipped` are not tried.

    `repeated` are rows of a manifest that name a file once more. All of these numbers are estimates
    where only a part was listed.
    """

    files: int
    named: tuple[Named, ...]
    skipped: SkippedFiles
    repeated: int = 0

    @property
    def scale(self) -> float:
        """Files in the archive for each that is named here."""
        return self.files / len(self.named) if self.named else 0.0


@dataclass(frozen=True, slots=True)
class Frame:
    """Names that were `compared`, and how many `files` they stand for.

    More than themselves where a listing was cut; fewer where they are those of an archive and only
    a run finds out which of them come first.
    """

    files: int
    compared: int

    @property
    def scale(self) -> float:
        """Files for each name."""
        return self.files / self.compared if self.compared else 0.0

    def spread(self, names: int) -> float:
        """The standard deviation of how many files so many of the names stand for."""
        if self.files == self.compared or not self.compared:
            return 0.0
        share, more = names / self.compared, self.files - self.compared
        files = more * (1 + more / self.compared) if more > 0 else -more * self.scale
        return sqrt(files * share * (1 - share))


def archive_names(found: Input, rng: random.Random) -> ArchiveNames:
    """The names of an input.

    Raises:
        InputError: a manifest is malformed.
    """
    tally, held, listed, tried = Tally(), _Held(rng), 0, 0
    for name in sampled_names(found, rng, tally):
        listed += 1
        if isinstance(name, Named):
            tried += 1
            held.take(name)
    named, repeated = tuple(held.named.values()), tried - held.met
    if found.about is None:
        return ArchiveNames(held.met, named, tally.skipped, repeated)
    scale = found.about / listed if listed else 0.0
    skipped = tally.skipped.scaled(found.about - round(scale * tried))
    return ArchiveNames(round(scale * held.met), named, skipped, round(scale * repeated))


class _Held:
    """Names, each once, as many as there may be; of more, each that came is as likely to stay."""

    def __init__(self, rng: random.Random) -> None:
        self.named: dict[bytes, Named] = {}
        self.met = 0
        self._rng = rng
        self._places: list[bytes] = []

    def take(self, name: Named) -> None:
        key = place_of_path(name.path)
        if key not in self.named:
            self.met += 1
            if len(self._places) < _MOST_HELD:
                self._places.append(key)
            elif (place := self._rng.randrange(self.met)) < _MOST_HELD:
                del self.named[self._places[place]]
                self._places[place] = key
            else:
                return
        self.named[key] = name
