"""Finds out what `--input` names, and refuses what names no file that is tried."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace

from tierwise.errors import InputError
from tierwise.name_choice import EVERY_NAME, NameChoice
from tierwise.shown import counted
from tierwise.skipped_files import NOTHING_SKIPPED, Kind, SkippedFiles, Tally, told_kinds
from tierwise.storage.file_addresses import local_path
from tierwise.storage.files import files_for
from tierwise.storage.listing import (
    GLOB_SIGNS,
    Input,
    InputKind,
    Named,
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


def find_input(
    uri: str,
    *,
    excluded: str = "",
    follow_links: bool = False,
    choice: NameChoice = EVERY_NAME,
) -> Input:
    """What an input is.

    Args:
        uri: a folder, a pattern, a file, or a manifest in one file or in those of a pattern.
        excluded: a folder whose files are left out when it lies within the input: the output.
        follow_links: whether links that lead out of a folder are followed.
        choice: which names are wanted.

    Raises:
        InputError: nothing is there, it cannot be read, or a manifest is malformed.
    """
    try:
        return _find_input(
            Input(
                local_path(uri),
                InputKind.FILE,
                excluded=excluded,
                follow_links=follow_links,
                choice=choice,
            )
        )
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"--input={uri}: cannot be read: {reason}.") from error


def _find_input(given: Input) -> Input:
    uri, files = given.uri, files_for(given.uri)
    if files.is_folder(uri):
        folder = _cut(replace(given, kind=InputKind.FOLDER), uri, "")
        return _with_names(folder, "the folder holds no files")
    if files.exists(uri):
        if is_manifest(uri):
            return _manifest(replace(given, kind=InputKind.MANIFEST))
        refuse_list(uri)
        return _with_names(given, "")
    if not GLOB_SIGNS & set(uri):
        if _is_something(uri):
            raise InputError(
                f"--input={uri}: is not a regular file but a device, pipe or socket. "
                "Name a folder, a picture or a manifest."
            )
        raise InputError(f"--input={uri}: there is no such file or folder.")
    root, beginning = fixed_parts(uri)
    pattern = _cut(replace(given, kind=InputKind.PATTERN), root, beginning)
    nothing = "no file matches this pattern"
    if not files_for(root).is_folder(root or "."):
        raise InputError(f"--input={uri}: {nothing}.")
    if is_manifest(uri):
        return _manifest(replace(pattern, kind=InputKind.MANIFEST, sharded=True))
    return _with_names(pattern, nothing)


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
        skipped = NOTHING_SKIPPED
        for look in as_completed(looks):
            names = look.result()
            if names is None:
                pool.shutdown(wait=False, cancel_futures=True)
                return found
            skipped += names
    example = path_of(skipped.examples.get(Kind.OTHER, ""))
    if example and found.kind is InputKind.PATTERN:
        refuse_list(example)
    told = _told(skipped, is_manifest(example)) if skipped.total else nothing
    raise InputError(f"--input={found.uri}: {told}.")


def _skipped_only(part: Input) -> SkippedFiles | None:
    """What is skipped of an input, None as soon as a file is tried."""
    tally = Tally()
    if any(isinstance(name, Named) for name in list_names(part, tally)):
        return None
    return tally.skipped


def _told(skipped: SkippedFiles, has_tables: bool) -> str:
    facts = skipped.facts()
    unmatched = "".join(f" {flag} matches nothing." for flag in facts.get("unmatched_patterns", ()))
    of_tables = ". To read tables as a manifest, name one, or write a pattern with their ending"
    return (
        f"no file that may be an image; {counted(skipped.total, 'file')} skipped: "
        f"{told_kinds(facts)}.{unmatched} Name such a file or its folder alone to try it"
        f"{of_tables if has_tables else ''}"
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
