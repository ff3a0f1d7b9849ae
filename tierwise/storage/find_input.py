"""Finds out what `--input` names, and refuses what names no file that is tried."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from heapq import nsmallest

from tierwise.errors import InputError
from tierwise.shown import counted
from tierwise.storage.file_addresses import local_path
from tierwise.storage.files import files_for
from tierwise.storage.listing import (
    GLOB_SIGNS,
    Input,
    InputKind,
    Skipped,
    fixed_parts,
    list_names,
    shards_of,
    split,
)
from tierwise.storage.manifests.forms import is_manifest
from tierwise.storage.manifests.look import look_at
from tierwise.storage.other_lists import refuse_list
from tierwise.storage.shown_names import path_of

# Ranges of a long listing that are looked through at a time for a first file.
_TOGETHER = 16
# Skipped files that a message names.
_SHOWN = 3


def find_input(uri: str, *, excluded: str = "", follow_links: bool = False) -> Input:
    """What an input is.

    Args:
        uri: a folder, a pattern, a file, or a manifest in one file or in those of a pattern.
        excluded: a folder whose files are left out when it lies within the input: the output.
        follow_links: whether links that lead out of a folder are followed.

    Raises:
        InputError: nothing is there, it cannot be read, or a manifest is malformed.
    """
    try:
        return _find_input(local_path(uri), excluded, follow_links)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"--input={uri}: cannot be read: {reason}.") from error


def _find_input(uri: str, excluded: str, follow_links: bool) -> Input:
    files = files_for(uri)
    if files.is_folder(uri):
        folder = _cut(
            Input(uri, InputKind.FOLDER, excluded=excluded, follow_links=follow_links), uri, ""
        )
        return _with_names(folder, "the folder holds no files")
    if files.exists(uri):
        if is_manifest(uri):
            return _manifest(Input(uri, InputKind.MANIFEST))
        refuse_list(uri)
        return Input(uri, InputKind.FILE)
    if not GLOB_SIGNS & set(uri):
        if _is_something(uri):
            raise InputError(
                f"--input={uri}: is not a regular file but a device, pipe or socket. "
                "Name a folder, a picture or a manifest."
            )
        raise InputError(f"--input={uri}: there is no such file or folder.")
    root, beginning = fixed_parts(uri)
    pattern = _cut(
        Input(uri, InputKind.PATTERN, excluded=excluded, follow_links=follow_links), root, beginning
    )
    if is_manifest(uri):
        return _manifest(replace(pattern, kind=InputKind.MANIFEST, sharded=True))
    return _with_names(pattern, "no file matches this pattern")


def _manifest(found: Input) -> Input:
    shards = list(shards_of(found))
    if not shards:
        raise InputError(f"--input={found.uri}: no file matches this pattern.")
    look = look_at(shards)
    manifest = replace(found, columns=look.columns, about=look.about)
    return _with_names(manifest, "the manifest has no rows. List images in its column uri")


def _with_names(found: Input, nothing: str) -> Input:
    """The input, if any file of it is tried: an earlier run's tables are not replaced by nothing.

    A long listing is listed whole only where nothing is found, as the job would do then.

    Raises:
        InputError: there is none; `nothing` is the reason where nothing was skipped either.
    """
    with ThreadPoolExecutor(_TOGETHER) as pool:
        looks = [pool.submit(_skipped_only, part) for part in split(found)]
        skipped: list[str] = []
        for look in as_completed(looks):
            names = look.result()
            if names is None:
                pool.shutdown(wait=False, cancel_futures=True)
                return found
            skipped += names
    if skipped and found.kind is InputKind.PATTERN:
        refuse_list(path_of(min(skipped)))
    raise InputError(f"--input={found.uri}: {_told(skipped) if skipped else nothing}.")


def _skipped_only(part: Input) -> list[str] | None:
    """What is skipped of an input, None as soon as a file is tried."""
    skipped = []
    for name in list_names(part):
        if not isinstance(name, Skipped):
            return None
        skipped.append(name.uri)
    return skipped


def _told(skipped: list[str]) -> str:
    more = len(skipped) - _SHOWN
    names = ", ".join(nsmallest(_SHOWN, skipped)) + (f" and {more:,} more" if more > 0 else "")
    if all(map(is_manifest, skipped)):
        return (
            f"no file that may be an image; {counted(len(skipped), 'table')} ({names}). To read "
            "tables as a manifest, name one, or write a pattern with their ending"
        )
    return (
        f"no file that may be an image; {counted(len(skipped), 'file')} skipped, hidden or with an "
        f"ending of something else ({names}). Name such a file alone to try it"
    )


def _is_something(uri: str) -> bool:
    try:
        files_for(uri).stat(uri)
    except (OSError, ValueError):  # a ValueError for a name that no disk can have
        return False
    return True


def _cut(found: Input, root: str, beginning: str) -> Input:
    cut = files_for(root).cut(root, beginning)
    return replace(found, ranges=cut.ranges, about=cut.names if len(cut.ranges) > 1 else None)
