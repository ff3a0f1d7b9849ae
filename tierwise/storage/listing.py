"""What `--input` names: a folder, a pattern, one file, or a manifest."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from tierwise.errors import InputError
from tierwise.name_choice import EVERY_NAME, NameChoice
from tierwise.name_patterns import expression_of
from tierwise.records import Record, Scalar
from tierwise.skipped_files import Kind, Tally
from tierwise.storage.files import files_for
from tierwise.storage.manifests.forms import is_manifest
from tierwise.storage.manifests.pieces import Piece, pieces_of
from tierwise.storage.manifests.rows import read_rows
from tierwise.storage.name_ranges import EVERY, NameRange
from tierwise.storage.own_outputs import marked
from tierwise.storage.pattern_folders import PatternFolders, globs_of
from tierwise.storage.seen_from import folder_of
from tierwise.storage.shown_names import path_of, shown_name
from tierwise.storage.sieve import Sieve
from tierwise.storage.stat import Stat
from tierwise.storage.walk_disk import NotEntered, walk_disk

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
    are followed only with `follow_links`. Of all names, those are tried that `choice` wants.
    `labels` are a table that brings further columns. Relative names of a manifest start at
    `relative_to`, None for its own folder. `doubt` is what a person should know of it, if anything.
    """

    uri: str
    kind: InputKind
    columns: Mapping[str, str] = field(default_factory=dict)
    excluded: str = ""
    ranges: tuple[NameRange, ...] = (EVERY,)
    about: int | None = None
    follow_links: bool = False
    choice: NameChoice = EVERY_NAME
    sharded: bool = False
    labels: Input | None = None
    relative_to: str | None = None
    doubt: str = ""

    @property
    def own_columns(self) -> Mapping[str, str]:
        """Those of a manifest itself, without those that labels bring."""
        joined = self.labels.columns if self.labels else {}
        return {name: kind for name, kind in self.columns.items() if name not in joined}


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
    """A name that is not tried, and why."""

    uri: str
    kind: Kind


def split(found: Input) -> list[Input]:
    """The same names in parts that several workers can list."""
    return [replace(found, ranges=(within,)) for within in found.ranges]


def list_names(found: Input, tally: Tally | None = None) -> Iterator[Named | Skipped]:
    """Every name, once per place where it stands; nothing is opened but a manifest.

    What is skipped is counted in `tally`, if there is one, as far as the names are taken.

    Raises:
        InputError: a manifest is malformed, or names an address of a kind that is not supported; or
            the disk cannot be read.
    """
    if found.kind is InputKind.MANIFEST:
        yield from (name for piece in pieces_in(found) for name in names_in(piece, found, tally))
    elif found.kind is InputKind.FILE:
        kind = Sieve(found.uri.rpartition("/")[0], found.choice, tally).unwanted(found.uri)
        yield Skipped(found.uri, kind) if kind else _named(found.uri)
    elif found.kind is not InputKind.GIVEN:
        yield from _listed(found, tally)


def shards_of(found: Input) -> Iterator[Stat]:
    """The files of a manifest."""
    if not found.sharded:
        yield files_for(found.uri).stat(found.uri)
        return
    root, matches = fixed_part(found.uri), _pattern(found.uri).fullmatch
    left_out = _below(root, found.excluded)
    for one in _walked(root or ".", found, Sieve(root or ".")):
        uri = one.uri if root else one.uri.removeprefix("./")
        if isinstance(one, NotEntered) and _holds_shards(one, uri, found, left_out):
            raise _shut(found, uri)
        hidden = uri.rpartition("/")[2].startswith(".") or (left_out and uri.startswith(left_out))
        if isinstance(one, Stat) and matches(uri) and is_manifest(uri) and not hidden:
            yield one if "://" in uri else files_for(uri).stat(uri)


def _holds_shards(folder: NotEntered, uri: str, found: Input, left_out: str) -> bool:
    """Whether a folder that cannot be read may hold files of a manifest."""
    name = uri.rstrip("/")
    aside = name.rpartition("/")[2].startswith(".") or (left_out and uri.startswith(left_out))
    return folder.kind is Kind.UNREADABLE and not aside and _may_hold(found.uri, name)


def _shut(found: Input, uri: str) -> InputError:
    return InputError(
        f"--input={found.uri}: {shown_name(uri.rstrip('/'))} cannot be read, and may hold files of "
        "the manifest. Give this user the permission, or write a pattern that leaves it out."
    )


def pieces_in(found: Input) -> Iterator[Piece]:
    """All rows of a manifest, each once, in parts that several workers can read."""
    return (piece for shard in shards_of(found) for piece in pieces_of(shard))


def names_in(piece: Piece, found: Input, tally: Tally | None = None) -> Iterator[Named | Skipped]:
    """The names in a part of a manifest; those that are not wanted are counted in `tally`."""
    rows = read_rows(piece, found.own_columns, starts_in(found))
    return wanted((Named(*row) for row in rows), found, tally)


def wanted(
    names: Iterable[Named], found: Input, tally: Tally | None = None
) -> Iterator[Named | Skipped]:
    """Names of a manifest, by `--include` and `--exclude` alone: whoever names a file means it."""
    sieve = Sieve("", found.choice, tally)
    for name in names:
        kind = sieve.unwanted(name.uri)
        yield Skipped(name.uri, kind) if kind else name


def starts_in(found: Input) -> str:
    """The folder that relative names of a manifest start at; empty for where the command is given.

    It is the manifest's own, or that which its pattern starts in.
    """
    if found.relative_to is not None:
        return found.relative_to
    return fixed_part(found.uri) if found.sharded else folder_of(found.uri)


def starts_at(found: Input) -> str:
    """The whole address of the folder that relative names of an input start at, empty in a bucket.

    They start at the folder of a manifest, and else where the command was given.
    """
    if "://" in found.uri:
        return ""
    here = starts_in(found) if found.kind is InputKind.MANIFEST else ""
    return str(Path(here).absolute())


def recalled_names(uris: Iterable[str], found: Input, folders: Iterable[str]) -> Iterator[str]:
    """Those of earlier names that a folder or pattern would list, were `folders` readable."""
    shut = frozenset(folders)
    pattern, given = _pattern_and_folder(found)
    matches = _pattern(pattern).fullmatch if pattern else None
    root = given or "."
    sieve = Sieve(root, found.choice, None, pattern if given else f"./{pattern}")
    left_out = _below(root, found.excluded)
    for uri in uris:
        if not any(folder in shut for folder in _folders_above(uri)):
            continue
        path = path_of(uri)
        whole = path if given else f"./{path}"
        aside = bool(left_out) and whole.startswith(left_out)
        if not aside and (matches is None or matches(path)) and not sieve.skips(whole):
            yield uri


def recalled_name(uri: str) -> Named:
    """A name as a table shows it."""
    return Named(uri, path_of(uri))


def _may_hold(pattern: str, folder: str) -> bool:
    """Whether names below a folder may match a pattern.

    >>> [_may_hold("a/20*/*.jpg", folder) for folder in ("a/2019", "a/private", "a/2019/b")]
    [True, False, False]
    >>> _may_hold("a/**/b.jpg", "a/c/d")
    True
    """
    parts, names = pattern.split("/"), folder.split("/")
    for part, name in zip(parts, names, strict=False):
        if "**" in part:
            return True
        if not _pattern(part).fullmatch(name):
            return False
    return len(names) < len(parts)


def _folders_above(uri: str) -> Iterator[str]:
    while uri := uri.rpartition("/")[0]:
        yield uri


def _pattern_and_folder(found: Input) -> tuple[str, str]:
    """The pattern of an input, if it is one, and the folder to list as it was given."""
    pattern = found.uri if found.kind is InputKind.PATTERN else ""
    return pattern, fixed_part(pattern) if pattern else found.uri


def _listed(found: Input, tally: Tally | None) -> Iterator[Named | Skipped]:
    """The names of a folder or a pattern."""
    pattern, given = _pattern_and_folder(found)
    matches = _pattern(pattern).fullmatch if pattern else None
    root = given or "."
    sieve = Sieve(root, found.choice, tally, pattern if given else f"./{pattern}")
    left_out = _below(root, found.excluded)
    for one, is_ours in marked(_walked(root, found, sieve), root, whole=found.about is None):
        if left_out and one.uri.startswith(left_out):
            continue
        not_entered = isinstance(one, NotEntered)
        # What cannot be entered may hold names that match.
        uri = one.uri if given else one.uri.removeprefix("./")
        if matches and not not_entered and not matches(uri):
            continue
        shut = isinstance(one, NotEntered) and one.kind is Kind.UNREADABLE
        if pattern and shut and not _may_hold(pattern, uri.rstrip("/")):
            continue
        known = one.kind if isinstance(one, NotEntered) else Kind.OUTPUT if is_ours else None
        if known is Kind.UNREADABLE:  # nobody misses what is left aside anyway
            known = sieve.kind_of(sieve.below(one.uri)) or known
        if kind := sieve.skips(one.uri, known):
            if isinstance(one, NotEntered) and one.error and kind is one.kind:
                raise _unreadable(one) from one.error
            yield Skipped(shown_name(uri.rstrip("/")), kind)
        elif isinstance(one, Stat):
            yield _named(uri, one if one.content_hash else None)


def _walked(root: str, found: Input, sieve: Sieve) -> Iterator[Stat | NotEntered]:
    """The names below a folder, one after the other in each of the ranges."""
    if "://" in root:
        walk = files_for(root).walk
        return (stat for within in found.ranges for stat in walk(root, within))
    return walk_disk(
        root,
        follow_links=found.follow_links,
        aside=lambda path: sieve.kind_of(path) not in (None, Kind.NOT_INCLUDED),
        deepest=_depth_of(found),
        covers=_covers(found),
    )


def _covers(found: Input) -> Callable[[str, str], bool]:
    """Whether a folder has all names of an input that a link to it has."""
    patterns = [glob for wanted in found.choice.include for glob in globs_of(wanted)]
    if GLOB_SIGNS & set(found.uri) and found.kind is not InputKind.FOLDER:
        patterns.append(found.uri[len(fixed_part(found.uri)) :].lstrip("/"))
    compared = [PatternFolders(pattern) for pattern in patterns]
    return lambda folder, link: all(one.covers(folder, link) for one in compared)


def _depth_of(found: Input) -> int | None:
    """How many folders down the names of an input may lie; None for any number."""
    if not GLOB_SIGNS & set(found.uri) or found.kind is InputKind.FOLDER or "**" in found.uri:
        return None
    return found.uri[len(fixed_part(found.uri)) :].lstrip("/").count("/")


def _unreadable(folder: NotEntered) -> InputError:
    name, error = shown_name(folder.uri.rstrip("/")), folder.error
    reason = (error and error.strerror) or type(error).__name__
    return InputError(
        f"{name}: cannot be read: {reason}. This is the disk's trouble, and the archive may be "
        "incomplete without it. Put the disk right, or leave the folder out with --exclude."
    )


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
        return re.compile("".join(map(expression_of, _TOKENS.findall(glob))), re.DOTALL)
    except re.error as error:
        raise InputError(f"--input={glob}: is not a pattern: {error}.") from error


def _named(path: str, known: Stat | None = None) -> Named:
    return Named(shown_name(path), path, known=known)
