"""What `--input` names: a folder, a pattern, one file, or a manifest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from storage.files import files_for
from storage.manifests import column_kinds, is_manifest, read_rows, resolve
from tierwise.errors import InputError
from tierwise.records import Scalar

# Files that cameras, editors and web exports lay beside pictures. Everything else is tried.
_ENDINGS = """
aae csv db doc docx gz html ini js json jsonl log md parquet pp3 py sh tar toml tsv txt xml xmp yaml
yml zip avi m4a mkv mov mp3 mp4 wav
"""
_NO_PICTURES = frozenset(_ENDINGS.split())
_GLOB_SIGNS = frozenset("*?[")
_TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]|.", re.DOTALL)


class Kind(StrEnum):
    """How an input is read."""

    FOLDER = "folder"
    PATTERN = "pattern"
    FILE = "file"
    MANIFEST = "manifest"


@dataclass(frozen=True, slots=True)
class Input:
    """An input that was looked at and exists; `columns` are a manifest's own, with their kinds."""

    uri: str
    kind: Kind
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Named:
    """One name in the archive: as it is written, and where to read it."""

    uri: str
    path: str
    columns: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that plainly is no picture."""

    uri: str


def find_input(uri: str) -> Input:
    """What an input is.

    Raises:
        InputError: nothing is there, it cannot be read, or a manifest is malformed.
    """
    try:
        return _find_input(uri)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"--input={uri}: cannot be read: {reason}.") from error


def list_names(found: Input) -> Iterator[Named | Skipped]:
    """Every name, once per place where it stands; nothing is opened but a manifest."""
    if found.kind is Kind.MANIFEST:
        for uri, columns in read_rows(found.uri, found.columns):
            yield Named(uri, resolve(found.uri, uri), columns)
    elif found.kind is Kind.FILE:
        yield Named(found.uri, found.uri)
    else:
        yield from map(_sorted_out, _paths(found))


def is_plainly_no_picture(uri: str) -> bool:
    """Whether a file found in a folder is left out, by its name alone.

    >>> [is_plainly_no_picture(n) for n in ("a/b.JPG", "a/b", "a/b.XMP", "a/.DS_Store")]
    [False, False, True, True]
    """
    name = uri.rpartition("/")[2]
    _, dot, ending = name.rpartition(".")
    return name.startswith(".") or (bool(dot) and ending.lower() in _NO_PICTURES)


def _find_input(uri: str) -> Input:
    files = files_for(uri)
    if files.is_folder(uri):
        if next(files.walk(uri), None) is None:
            raise InputError(f"--input={uri}: the folder holds no files.")
        return Input(uri, Kind.FOLDER)
    if files.exists(uri):
        if is_manifest(uri):
            return Input(uri, Kind.MANIFEST, column_kinds(uri))
        return Input(uri, Kind.FILE)
    if not _GLOB_SIGNS & set(uri):
        raise InputError(f"--input={uri}: there is no such file or folder.")
    pattern = Input(uri, Kind.PATTERN)
    if next(_paths(pattern), None) is None:
        raise InputError(f"--input={uri}: no file matches this pattern.")
    return pattern


def _paths(found: Input) -> Iterator[str]:
    if found.kind is Kind.FOLDER:
        return (stat.uri for stat in files_for(found.uri).walk(found.uri))
    folder = fixed_part(found.uri)
    matches = _pattern(found.uri).fullmatch
    walked = (stat.uri for stat in files_for(found.uri).walk(folder or "."))
    names = (uri if folder else uri.removeprefix("./") for uri in walked)
    return (uri for uri in names if matches(uri))


def fixed_part(pattern: str) -> str:
    """The folder that a pattern starts in.

    >>> fixed_part("photos/20*/a?.jpg"), fixed_part("*.jpg")
    ('photos', '')
    """
    first = min(pattern.find(sign) for sign in _GLOB_SIGNS if sign in pattern)
    return pattern[:first].rpartition("/")[0]


def _pattern(glob: str) -> re.Pattern[str]:
    """A glob as a regular expression: `*` stays within a folder, `**` goes below it.

    >>> [bool(_pattern("a/*.jpg").fullmatch(name)) for name in ("a/b.jpg", "a/b/c.jpg")]
    [True, False]
    """
    return re.compile("".join(_of_token(token) for token in _TOKENS.findall(glob)), re.DOTALL)


def _of_token(token: str) -> str:
    fixed = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if token in fixed:
        return fixed[token]
    if len(token) > 1:
        inner = token[1:-1].replace("\\", "\\\\")
        return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    return re.escape(token)


def _sorted_out(uri: str) -> Named | Skipped:
    return Skipped(uri) if is_plainly_no_picture(uri) else Named(uri, uri)
