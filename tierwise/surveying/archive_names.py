"""The names of an archive for a forecast: all of them, or a part where there are too many."""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import sqrt

from tierwise.skipped_files import SkippedFiles, Tally
from tierwise.storage.listing import Input, Named
from tierwise.storage.sampled_names import sampled_names


@dataclass(frozen=True, slots=True)
class ArchiveNames:
    """Names that are tried, each once: of `files` in all those in `named`; `skipped` are not tried.

    `files` and the counts of `skipped` are estimates where only a part was listed.
    """

    files: int
    named: tuple[Named, ...]
    skipped: SkippedFiles

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
    tally = Tally()
    listed = list(sampled_names(found, rng, tally))
    named = tuple({name.uri: name for name in listed if isinstance(name, Named)}.values())
    if found.about is None:
        return ArchiveNames(len(named), named, tally.skipped)
    tried = round(found.about * len(named) / len(listed)) if listed else 0
    return ArchiveNames(tried, named, tally.skipped.scaled(found.about - tried))
