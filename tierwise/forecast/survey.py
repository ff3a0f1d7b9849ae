"""What is known of an archive before it is asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tierwise.records import Page, Scalar
from tierwise.skipped_files import NOTHING_SKIPPED, SkippedFiles

# Files whose headers are read: few enough that a run starts at once, and `plan` shows what it does.
SAMPLE = 400


class Standing(StrEnum):
    """How one task stands with one image."""

    ASKED = "asked"  # will be asked
    PAID = "paid"  # the journal has the answer
    SPARED = "spared"  # its condition is known not to hold, or the audit leaves it out
    OPEN = "open"  # its condition depends on answers, the audit on a hash, that nobody has yet


@dataclass(frozen=True, slots=True)
class SeenImage:
    """One image of the sample; its upright size is in px, 0 x 0 where the header does not say.

    `detail` is its fine detail where a journal knows it, `content_hash` that of its file where it
    was read.
    """

    width: int
    height: int
    name: str
    columns: Mapping[str, Scalar]
    standings: Mapping[str, Standing]
    format: str = ""
    detail: float | None = None
    content_hash: str = ""

    @property
    def page(self) -> Page:
        """What rules may know of it."""
        return Page(1, 1, self.width, self.height, self.format, self.detail)


@dataclass(frozen=True, slots=True)
class Groups:
    """How many groups a task asks about, and how many files of them are sent.

    `paid` are files of groups whose answers the journal has; they are in neither of the others.
    """

    groups: int
    files: int
    paid: int = 0


@dataclass(frozen=True, slots=True)
class SeenFile:
    """One file that was looked at: its images, several if it has pages, none if it is unreadable.

    A `foreign` one is no picture at all, which says nothing of the pictures. `away` is why its
    bucket or disk did not give it, which says nothing of it.
    """

    images: tuple[SeenImage, ...] = ()
    foreign: bool = False
    away: str = ""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Files of one kind (an ending) and about one size: how many there are, and those `seen`.

    Those that were seen are a random sample. How many there are may be an estimate with a standard
    deviation of `spread`, and of a pilot it may not be `certain` that those that were seen are
    among them. `twins` counts, by task, names whose questions another name pays for.
    """

    files: float
    seen: tuple[SeenFile, ...]
    kind: str = ""
    twins: Mapping[str, float] = field(default_factory=dict)
    spread: float = 0.0
    certain: bool = True

    @property
    def scale(self) -> float:
        """Files in the archive for each that was seen."""
        return self.files / len(self.seen) if self.seen else 0.0

    @property
    def complete(self) -> bool:
        """Whether its files are those that were seen."""
        return self.certain and not self.spread and self.files == len(self.seen)

    def asked_once(self, task: str) -> float:
        """The share of its names that are asked, others with the same content having answers."""
        return max(0.0, 1 - self.twins.get(task, 0) / self.files) if self.files else 1.0


@dataclass(frozen=True, slots=True)
class Survey:
    """What was seen of an archive of `files` names that are tried; others were `skipped`.

    `repeated` are rows of a manifest that name one of them once more, about.

    Of `known_files` a journal knows every answer, which was found out by their names and contents,
    not by a sample; `known` are their images, or those of a part of them where not all could be
    compared. The others lie in `strata`. `groups` are those of tasks that ask groups. With
    `shares_alike`, near duplicates share answers, and nobody knows yet which. Of a pilot, which
    asks a part alone, `of_files` is about how many files the archive has; None where all of it is
    asked. `all_compared` is whether all files that may be twins were. `away` says why files were
    not seen that should have been, for their bucket or disk did not give them.
    """

    files: int
    strata: tuple[Stratum, ...]
    skipped: SkippedFiles = NOTHING_SKIPPED
    groups: Mapping[str, Groups] = field(default_factory=dict)
    known: tuple[SeenImage, ...] = ()
    known_files: int = 0
    compared_files: int = 0
    shares_alike: bool = False
    of_files: int | None = None
    all_compared: bool = True
    away: tuple[str, ...] = ()
    repeated: int = 0

    @property
    def seen(self) -> tuple[SeenFile, ...]:
        """The files that were looked at, stratum by stratum."""
        return tuple(file for stratum in self.strata for file in stratum.seen)

    @property
    def weights(self) -> tuple[float, ...]:
        """For how many files each of those that were looked at stands."""
        return tuple(stratum.scale for stratum in self.strata for _ in stratum.seen)

    @property
    def images(self) -> tuple[SeenImage, ...]:
        """The images in them."""
        return tuple(image for file in self.seen for image in file.images)

    @property
    def image_weights(self) -> tuple[float, ...]:
        """For how many images each of those stands."""
        pairs = zip(self.seen, self.weights, strict=True)
        return tuple(weight for file, weight in pairs for _ in file.images)

    @property
    def images_per_file(self) -> tuple[int, ...]:
        """How many images each file has that was looked at."""
        return tuple(len(file.images) for file in self.seen)

    @property
    def foreign(self) -> int:
        """How many of those are no pictures at all."""
        return sum(file.foreign for file in self.seen)

    @property
    def twins(self) -> Mapping[str, int]:
        """By task, names whose questions another name pays for."""
        names = dict.fromkeys(name for stratum in self.strata for name in stratum.twins)
        return {name: round(sum(one.twins.get(name, 0) for one in self.strata)) for name in names}

    @property
    def sampled_files(self) -> int:
        """How many files were looked at, beside those that a journal knows."""
        return sum(len(stratum.seen) for stratum in self.strata)

    @property
    def looked_at(self) -> int:
        """How many files were looked at or found in a journal."""
        return self.sampled_files + self.compared_files

    @property
    def left_files(self) -> int:
        """How many files there are of which the journal does not know everything."""
        return self.files - self.known_files

    @property
    def about_images(self) -> int:
        """How many images the archive has, by those that were looked at."""
        return round(sum(self.image_weights) + len(self.known) * self.known_scale)

    @property
    def known_scale(self) -> float:
        """Files that the journal knows for each that was found there."""
        return self.known_files / self.compared_files if self.compared_files else 0.0

    @property
    def complete(self) -> bool:
        """Whether every file was looked at."""
        return self.looked_at == self.files and all(one.complete for one in self.strata)

    @property
    def bounds(self) -> bool:
        """Whether there can be no more to ask than was found."""
        return self.complete and self.all_compared
