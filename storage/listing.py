"""What `--input` names: a folder, a pattern, one file, or a manifest."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from storage.files import files_for
from storage.manifests import column_kinds, is_manifest, read_rows, resolve
from tierwise.errors import InputError
from tierwise.records import Scalar

# Files that cameras, editors and web exports lay beside pictures. Everything else is tried.
_ENDINGS = """
aae csv db html ini json jsonl log md parquet tsv txt xmp yaml yml zip
avi m4a m4v mkv mov mp3 mp4 wav
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
    """An input that was looked at and exists; `columns` are a manifest's own, with their kinds.

    What lies below the folder `excluded` is left out, unless a manifest names it.
    """

    uri: str
    kind: Kind
    columns: Mapping[str, str] = field(default_factory=dict)
    excluded: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """One name in the archive: as it is written, and where to read it.

    A name that is no Unicode text is shown in `uri` with escapes; `path` keeps its bytes.
    """

    uri: str
    path: str
    columns: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that plainly is no picture."""

    uri: str


def find_input(uri: str, *, excluded: str = "") -> Input:
    """What an input is.

    Args:
        uri: a folder, a pattern, a file or a manifest.
        excluded: a folder whose files are left out when it lies within the input: the output.

    Raises:
        InputError: nothing is there, it cannot be read, or a manifest is malformed.
    """
    try:
        return _find_input(uri, excluded)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"--input={uri}: cannot be read: {reason}.") from error


def list_names(found: Input) -> Iterator[Named | Skipped]:
    """Every name, once per place where it stands; nothing is opened but a manifest.

    Raises:
        InputError: a manifest is malformed, or names an address of a kind that is not supported.
    """
    if found.kind is Kind.MANIFEST:
        for uri, columns in read_rows(found.uri, found.columns):
            path = resolve(found.uri, uri)
            files_for(path)
            yield Named(uri, path, columns)
    elif found.kind is Kind.FILE:
        yield _named(found.uri)
    else:
        root = "" if found.kind is Kind.PATTERN else found.uri.rstrip("/") + "/"
        yield from (_sorted_out(path, root) for path in _paths(found))


def is_plainly_no_picture(uri: str) -> bool:
    """Whether a file found in a folder is left out, by its name alone.

    >>> [is_plainly_no_picture(n) for n in ("a/b.JPG", "a/b", "a/b.XMP", "a/.DS_Store")]
    [False, False, True, True]
    """
    name = uri.rpartition("/")[2]
    _, dot, ending = name.rpartition(".")
    return name.startswith(".") or (bool(dot) and ending.lower() in _NO_PICTURES)


def _find_input(uri: str, excluded: str) -> Input:
    files = files_for(uri)
    if files.is_folder(uri):
        folder = Input(uri, Kind.FOLDER, excluded=excluded)
        if next(_paths(folder), None) is None:
            raise InputError(f"--input={uri}: the folder holds no files.")
        return folder
    if files.exists(uri):
        if is_manifest(uri):
            return Input(uri, Kind.MANIFEST, column_kinds(uri))
        return Input(uri, Kind.FILE)
    if not _GLOB_SIGNS & set(uri):
        raise InputError(f"--input={uri}: there is no such file or folder.")
    pattern = Input(uri, Kind.PATTERN, excluded=excluded)
    if next(_paths(pattern), None) is None:
        raise InputError(f"--input={uri}: no file matches this pattern.")
    return pattern


def _paths(found: Input) -> Iterator[str]:
    if found.kind is Kind.FOLDER:
        root, names = found.uri, _walked(found.uri)
    else:
        root = fixed_part(found.uri)
        matches = _pattern(found.uri).fullmatch
        walked = _walked(root or ".")
        names = (name if root else name.removeprefix("./") for name in walked)
        names = (name for name in names if matches(name))
    left_out = _below(root, found.excluded)
    return (name for name in names if not (left_out and name.startswith(left_out)))


def _walked(folder: str) -> Iterator[str]:
    return (stat.uri for stat in files_for(folder).walk(folder))


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
    first = min(pattern.find(sign) for sign in _GLOB_SIGNS if sign in pattern)
    folder, slash, _ = pattern[:first].rpartition("/")
    return folder or slash


def _pattern(glob: str) -> re.Pattern[str]:
    """A glob as a regular expression: `*` stays within a folder, `**` goes below it.

    >>> [bool(_pattern("a/*.jpg").fullmatch(name)) for name in ("a/b.jpg", "a/b/c.jpg")]
    [True, False]
    """
    try:
        return re.compile("".join(_of_token(token) for token in _TOKENS.findall(glob)), re.DOTALL)
    except re.error as error:
        raise InputError(f"--input={glob}: is no pattern: {error}.") from error


def _of_token(token: str) -> str:
    fixed = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if token in fixed:
        return fixed[token]
    if len(token) == 1:
        return re.escape(token)
    negated = token.startswith("[!")
    inner = re.sub(r"[^\w-]|(?<=-)-", r"\\\g<0>", token[2 if negated else 1 : -1])
    return f"(?!/)[{'^' if negated else ''}{inner}]"


def _sorted_out(uri: str, root: str) -> Named | Skipped:
    # What lies in a hidden folder below the root, such as .thumbnails, is hidden too.
    hidden = bool(root) and "/." in "/" + uri.removeprefix(root)
    return Skipped(uri) if hidden or is_plainly_no_picture(uri) else _named(uri)


def _named(path: str) -> Named:
    return Named(os.fsencode(path).decode("utf-8", "backslashreplace"), path)
