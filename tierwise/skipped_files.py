"""What a listing has left out, by kind: counts and an example of each, never a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from tierwise.shown import counted


class Kind(StrEnum):
    """Why a name is not tried, as `run.json` writes it."""

    OUTPUT = "outputs"
    PREVIEW = "previews"
    RECYCLED = "recycle_bins"
    EARLIER = "earlier_versions"
    SIDECAR = "sidecars"
    SYSTEM = "system_files"
    HIDDEN = "hidden"
    OTHER = "not_pictures"
    EXCLUDED = "excluded"
    NOT_INCLUDED = "not_included"
    LINK_OUT = "links_out"
    LINKED_FOLDER = "linked_folders"
    UNREADABLE = "unreadable_folders"


# Of one and of several, and what is said of them besides.
_WORDS = {
    Kind.OUTPUT: ("file of a tierwise output", "files of tierwise outputs", ""),
    Kind.PREVIEW: ("preview of a photo program", "previews of photo programs", ""),
    Kind.RECYCLED: ("file in a recycle bin", "files in recycle bins", ""),
    Kind.EARLIER: ("earlier version or snapshot", "earlier versions or snapshots", ""),
    Kind.SIDECAR: ("sidecar", "sidecars", ""),
    Kind.SYSTEM: ("system file", "system files", ""),
    Kind.HIDDEN: ("hidden file", "hidden files", ""),
    Kind.OTHER: ("file that plainly is no picture", "files that plainly are no pictures", ""),
    Kind.EXCLUDED: ("name by --exclude", "names by --exclude", ""),
    Kind.NOT_INCLUDED: ("name outside --include", "names outside --include", ""),
    Kind.LINK_OUT: ("link out of the input", "links out of the input", "--follow_links follows"),
    Kind.LINKED_FOLDER: (
        "link to a folder that is listed anyway",
        "links to folders that are listed anyway",
        "",
    ),
    Kind.UNREADABLE: ("folder that cannot be read", "folders that cannot be read", ""),
}


@dataclass(frozen=True, slots=True)
class SkippedFiles:
    """Names that were not tried, by kind, and the first of each kind in the order of names.

    `unmatched` are patterns of `--include` and `--exclude` that matched no name, None as long as
    nothing was listed. However many names there are, this stays as small.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, str] = field(default_factory=dict)
    unmatched: frozenset[str] | None = None

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    @property
    def unlisted(self) -> int:
        """How many folders could not be listed."""
        return self.counts.get(Kind.UNREADABLE, 0)

    def __add__(self, other: Self) -> SkippedFiles:
        kinds = sorted({*self.counts, *other.counts})
        both = (self.examples, other.examples)
        unmatched = [one.unmatched for one in (self, other) if one.unmatched is not None]
        return SkippedFiles(
            {kind: self.counts.get(kind, 0) + other.counts.get(kind, 0) for kind in kinds},
            {kind: min(some[kind] for some in both if kind in some) for kind in kinds},
            frozenset.intersection(*unmatched) if unmatched else None,
        )

    def scaled(self, files: int) -> SkippedFiles:
        """The same shares of about so many files; patterns may match what nobody has seen."""
        total = self.total
        counts = {kind: round(files * count / total) for kind, count in self.counts.items()}
        return SkippedFiles(counts, self.examples)

    def facts(self) -> dict[str, Any]:
        """What documents such as `run.json` hold of it."""
        kinds = sorted(self.counts, key=lambda kind: (-self.counts[kind], kind))
        return {
            "skipped_files": {kind: self.counts[kind] for kind in kinds},
            "skipped_examples": {kind: self.examples[kind] for kind in kinds},
            **({"unmatched_patterns": sorted(self.unmatched)} if self.unmatched else {}),
        }


NOTHING_SKIPPED = SkippedFiles()


class Tally:
    """Counts what one listing skips. `unmatched` are patterns that have matched nothing yet."""

    def __init__(self) -> None:
        self.unmatched: set[str] = set()
        self._counts: dict[str, int] = {}
        self._examples: dict[str, str] = {}

    def note(self, kind: Kind, uri: str) -> None:
        """Count a name."""
        self._counts[kind] = self._counts.get(kind, 0) + 1
        self._examples[kind] = min(uri, self._examples.get(kind, uri))

    @property
    def skipped(self) -> SkippedFiles:
        """What has been counted so far."""
        counts = {str(kind): count for kind, count in self._counts.items()}
        examples = {str(kind): uri for kind, uri in self._examples.items()}
        return SkippedFiles(counts, examples, frozenset(self.unmatched))


def unlisted_folders(document: Mapping[str, Any]) -> int:
    """How many folders a document says could not be listed."""
    found = document.get("skipped_files", 0)
    return 0 if isinstance(found, int) else int(found.get(Kind.UNREADABLE, 0))


def skipped_total(document: Mapping[str, Any]) -> int:
    """How many names a document says were skipped; early ones have the number alone."""
    found = document.get("skipped_files", 0)
    return found if isinstance(found, int) else sum(found.values())


def skipped_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """What a person should know of it: a line for all, and one for each thing to look after."""
    found = document.get("skipped_files", 0)
    if isinstance(found, int):
        if found:
            yield f"Skipped: {counted(found, 'file')}."
        return
    if found:
        yield f"Skipped: {told_kinds(document)}."
    if found.get(Kind.UNREADABLE):
        yield (
            f"Warning: folders that cannot be read: {found[Kind.UNREADABLE]:,}, such as "
            f"{document['skipped_examples'][Kind.UNREADABLE]}. Nothing below them was looked at; "
            "what an earlier run left in the output of files there stays. Give this user the "
            "permission and run the same command again, or leave them out with --exclude."
        )
    for pattern in document.get("unmatched_patterns", ()):
        yield f"Warning: {pattern} matches no name of the input."


def told_kinds(document: Mapping[str, Any]) -> str:
    """What was skipped and why, in one line: each kind with an example."""
    examples = document["skipped_examples"]
    return "; ".join(
        _told(kind, count, examples[kind]) for kind, count in document["skipped_files"].items()
    )


def _told(kind: str, count: int, example: str) -> str:
    one, several, hint = _WORDS[Kind(kind)]
    more = f", {hint}" if hint else ""
    return f"{count:,} {one if count == 1 else several} ({example}{more})"
