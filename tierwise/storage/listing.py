"""What `--input` names: a folder, a pattern, one file, or a manifest."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from tierwise.errors import InputError
from tierwise.records import Record, Scalar
from tierwise.storage.files import files_for
from tierwise.storage.left_aside import is_left_aside
from tierwise.storage.manifests.forms import is_manifest
from tierwise.storage.manifests.pieces import Piece, pieces_of
from tierwise.storage.manifests.rows import read_rows
from tierwise.storage.name_ranges import EVERY, NameRange
from tierwise.storage.shown_names import shown_name
from tierwise.storage.stat import Stat

# Files that cameras, editors and web exports lay beside pictures. Everything else is tried.
_ENDINGS = """
aae csv db gz html ini json jsonl log md ndjson parquet tsv txt xmp yaml yml zip
avi m4a m4v mkv mov mp3 mp4 wav
"""
_NO_PICTURES = frozenset(_ENDINGS.split())
GLOB_SIGNS = frozenset("*?[")
_TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]|.", re.DOTALL)


class InputKind(StrEnum):
    """How an input is read."""

    FOLDER = "folder"
    PATTERN = "pattern"
    FILE = "file"
    MANIFEST = "manifest"
    GIVEN = "given"  # by whoever asks about them: only their columns are known


@dataclass(frozen=True, slots=True)
class Input:
    """An input that was looked at and exists; `columns` are a manifest's own, with their kinds.

    A manifest that is `sharded` has a pattern for its `uri`, and rows in all files that match.
    What lies below the folder `excluded` is left out, unless a manifest names it. `ranges` hold
    every name of a folder or a pattern once; `about` is how many there may be, where a listing is
    so long, or a manifest so large, that nobody should go through all of it. Links out of a folder
    are followed only with `follow_links`.
    """

    uri: str
    kind: InputKind
    columns: Mapping[str, str] = field(default_factory=dict)
    excluded: str = ""
    ranges: tuple[NameRange, ...] = (EVERY,)
    about: int | None = None
    follow_links: bool = False
    sharded: bool = False


@dataclass(frozen=True, slots=True)
class Named(Record):
    """One name in the archive: as it is written, and where to read it.

    A name on a disk that is not Unicode text is shown in `uri` with escapes that no other name has;
    `path` keeps its bytes. `known` is what the listing told, where that spares looking at the file.
    """

    uri: str
    path: str
    columns: Mapping[str, Scalar] = field(default_factory=dict)
    known: Stat | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that plainly is not a picture."""

    uri: str


def split(found: Input) -> list[Input]:
    """The same names in parts that several workers can list."""
    return [replace(found, ranges=(within,)) for within in found.ranges]


def list_names(found: Input) -> Iterator[Named | Skipped]:
    """Every name, once per place where it stands; nothing is opened but a manifest.

    Raises:
        InputError: a manifest is malformed, or names an address of a kind that is not supported.
    """
    if found.kind is InputKind.MANIFEST:
        yield from (name for piece in pieces_in(found) for name in names_in(piece, found))
    elif found.kind is InputKind.FILE:
        yield _named(found.uri)
    elif found.kind is not InputKind.GIVEN:
        root = "" if found.kind is InputKind.PATTERN else found.uri.rstrip("/") + "/"
        yield from (_sorted_out(stat, root) for stat in _stats(found))


def shards_of(found: Input) -> Iterator[Stat]:
    """The files of a manifest."""
    if not found.sharded:
        yield files_for(found.uri).stat(found.uri)
        return
    for stat in _stats(replace(found, kind=InputKind.PATTERN)):
        hidden = stat.uri.rpartition("/")[2].startswith(".")
        if is_manifest(stat.uri) and not hidden:
            yield stat


def pieces_in(found: Input) -> Iterator[Piece]:
    """All rows of a manifest, each once, in parts that several workers can read."""
    return (piece for shard in shards_of(found) for piece in pieces_of(shard))


def names_in(piece: Piece, found: Input) -> Iterator[Named]:
    """The names in a part of a manifest."""
    for uri, path, columns in read_rows(piece, found.columns, starts_in(found)):
        yield Named(uri, path, columns)


def starts_in(found: Input) -> str:
    """The folder that relative names of a manifest start at; empty for where the command is given.

    It is the manifest's own, or that which its pattern starts in.
    """
    return fixed_part(found.uri) if found.sharded else _parent(found.uri)


def _parent(uri: str) -> str:
    folder, slash, _ = uri.rpartition("/")
    return folder or slash


def starts_at(found: Input) -> str:
    """The whole address of the folder that relative names of an input start at, empty in a bucket.

    They start at the folder of a manifest, and else where the command was given.
    """
    if "://" in found.uri:
        return ""
    here = starts_in(found) if found.kind is InputKind.MANIFEST else ""
    return str(Path(here).absolute())


def is_plainly_no_picture(uri: str) -> bool:
    """Whether a file found in a folder is left out, by its name alone.

    >>> [is_plainly_no_picture(n) for n in ("a/b.JPG", "a/b", "a/b.XMP", "a/.DS_Store")]
    [False, False, True, True]
    """
    name = uri.rpartition("/")[2]
    _, dot, ending = name.rpartition(".")
    return name.startswith(".") or (bool(dot) and ending.lower() in _NO_PICTURES)


def _stats(found: Input) -> Iterator[Stat]:
    if found.kind is InputKind.FOLDER:
        root, stats = found.uri, _walked(found.uri, found)
    else:
        root = fixed_part(found.uri)
        matches = _pattern(found.uri).fullmatch
        stats = _walked(root or ".", found)
        if not root:
            stats = (replace(stat, uri=stat.uri.removeprefix("./")) for stat in stats)
        stats = (stat for stat in stats if matches(stat.uri))
    left_out = _below(root, found.excluded)
    return (stat for stat in stats if not (left_out and stat.uri.startswith(left_out)))


def _walked(folder: str, found: Input) -> Iterator[Stat]:
    walk, follow = files_for(folder).walk, found.follow_links
    return (stat for within in found.ranges for stat in walk(folder, within, follow_links=follow))


def _below(root: str, folder: str) -> str:
    """How the names of `folder` begin when `root` is walked; empty when it does not lie below."""
    if not folder:
        return ""
    if "://" in root or "://" in folder:
        inside = folder.startswith(root.rstrip("/") + "/")
        return folder.rstrip("/") + "/" if inside else ""
    top, below = Path(root).resolve(), Path(folder).resolve()
    if top == below or top not in below.parents:
        return ""
    return os.path.join(root, below.relative_to(top)) + "/"  # noqa: PTH118 - keeps "./"


def fixed_part(pattern: str) -> str:
    """The folder that a pattern starts in.

    >>> fixed_part("photos/20*/a?.jpg"), fixed_part("*.jpg"), fixed_part("/*.jpg")
    ('photos', '', '/')
    """
    return fixed_parts(pattern)[0]


def fixed_parts(pattern: str) -> tuple[str, str]:
    """The folder that a pattern starts in, and how its names begin below it.

    >>> fixed_parts("photos/20*/a?.jpg")
    ('photos', '20')
    """
    first = min(pattern.find(sign) for sign in GLOB_SIGNS if sign in pattern)
    folder, slash, beginning = pattern[:first].rpartition("/")
    return folder or slash, beginning


def _pattern(glob: str) -> re.Pattern[str]:
    """A glob as a regular expression: `*` stays within a folder, `**` goes below it.

    >>> [bool(_pattern("a/*.jpg").fullmatch(name)) for name in ("a/b.jpg", "a/b/c.jpg")]
    [True, False]
    """
    try:
        return re.compile("".join(_of_token(token) for token in _TOKENS.findall(glob)), re.DOTALL)
    except re.error as error:
        raise InputError(f"--input={glob}: is not a pattern: {error}.") from error


def _of_token(token: str) -> str:
    fixed = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if token in fixed:
        return fixed[token]
    if len(token) == 1:
        return re.escape(token)
    negated = token.startswith("[!")
    inner = re.sub(r"[^\w-]|(?<=-)-", r"\\\g<0>", token[2 if negated else 1 : -1])
    return f"(?!/)[{'^' if negated else ''}{inner}]"


def _sorted_out(stat: Stat, root: str) -> Named | Skipped:
    # What lies in a hidden folder below the root, such as .thumbnails, is hidden too.
    below = stat.uri.removeprefix(root) if root else ""
    if "/." in "/" + below or is_left_aside(below):
        return Skipped(shown_name(stat.uri))
    if stat.leads_out or is_plainly_no_picture(stat.uri):
        return Skipped(shown_name(stat.uri))
    return _named(stat.uri, stat if stat.content_hash else None)


def _named(path: str, known: Stat | None = None) -> Named:
    return Named(shown_name(path), path, known=known)
