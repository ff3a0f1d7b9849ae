"""What is known of an archive before it is asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tierwise.records import Page, Scalar

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

    `detail` is its fine detail where a journal knows it.
    """

    width: int
    height: int
    name: str
    columns: Mapping[str, Scalar]
    standings: Mapping[str, Standing]
    format: str = ""
    detail: float | None = None

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
class Survey:
    """A random sample of an archive of `files` names that are tried.

    Of `known_files` a journal knows every answer, which was found out by their names and contents,
    not by a sample; `known` are their images, or those of a part of them where not all could be
    compared. The sample is of the others. `images` are those in the sampled files;
    `images_per_file` counts them, several for a file with pages, none for one that cannot be read;
    of those, `foreign` are no pictures at all, which says nothing of the pictures. `twins` counts,
    by task, names whose questions another name pays for; `groups` are those of tasks that ask
    groups. With `shares_alike`, near duplicates share answers, and nobody knows yet which. Of a
    pilot, which asks a part alone, `of_files` is about how many files the archive has; None where
    all of it is asked.
    """

    files: int
    skipped_files: int
    images_per_file: tuple[int, ...]
    images: tuple[SeenImage, ...]
    twins: Mapping[str, int] = field(default_factory=dict)
    groups: Mapping[str, Groups] = field(default_factory=dict)
    foreign: int = 0
    known: tuple[SeenImage, ...] = ()
    known_files: int = 0
    compared_files: int = 0
    shares_alike: bool = False
    of_files: int | None = None

    @property
    def sampled_files(self) -> int:
        """How many files were looked at, beside those that a journal knows."""
        return len(self.images_per_file)

    @property
    def looked_at(self) -> int:
        """How many files were looked at or found in a journal."""
        return self.sampled_files + self.compared_files

    @property
    def left_files(self) -> int:
        """How many files there are of which the journal does not know everything."""
        return self.files - self.known_files

    @property
    def scale(self) -> float:
        """Files that are left in the archive for each file of the sample."""
        return self.left_files / self.sampled_files if self.sampled_files else 0.0

    @property
    def about_images(self) -> int:
        """How many images the archive has, by those that were looked at."""
        return round(len(self.images) * self.scale + len(self.known) * self.known_scale)

    @property
    def known_scale(self) -> float:
        """Files that the journal knows for each that was found there."""
        return self.known_files / self.compared_files if self.compared_files else 0.0

    @property
    def complete(self) -> bool:
        """Whether every file was looked at."""
        return self.looked_at == self.files

    @property
    def unseen(self) -> float:
        """The share of the files that are left which nobody has looked at, 0 to 1."""
        return 1 - self.sampled_files / self.left_files if self.left_files else 0.0
