"""Finds out what `--labels` names, and where its relative names start."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from tierwise.answers.written_words import twins
from tierwise.errors import InputError
from tierwise.shown import shown
from tierwise.storage.files import files_for
from tierwise.storage.find_input import find_input
from tierwise.storage.label_matches import doubt_about
from tierwise.storage.listing import Input, InputKind, Named, fixed_part, starts_in
from tierwise.storage.manifests.forms import ENDINGS, is_manifest
from tierwise.storage.sampled_names import sampled_names
from tierwise.storage.seen_from import place_of

FLAG = "labels"
# Names that are looked for.
_LOOKED_FOR = 100
_TOGETHER = 16
_SEED = 20261130


def with_labels(found: Input, uri: str) -> Input:
    """An input with the columns of a table about its images.

    Relative names start at the first of these folders where most of some names are there: that of
    the table; where the command is given, as the input's names are written; that of the input.

    Raises:
        InputError: the table is malformed, has a column of the input, names nothing that is
            there, or another kind of store.
    """
    if not is_manifest(uri):
        raise InputError(
            f"--{FLAG}={uri}: is not the name of a table. Give one with a column uri, which ends "
            f"with {ENDINGS}, or a pattern of them."
        )
    try:
        labels = find_input(uri)
    except InputError as error:
        raise InputError(str(error).replace("--input=", f"--{FLAG}=", 1)) from error
    names = [*found.columns, *labels.columns]
    if pair := twins(names):
        raise InputError(
            f"--{FLAG}={uri}: its column {shown(names[pair[1]])} is a column of {found.uri} too. "
            "Rename one, or leave one out."
        )
    uris = [name.uri for name in sampled_names(labels) if isinstance(name, Named)]
    labels = replace(labels, relative_to=_folder_of(uris, labels, found))
    doubt = doubt_about(found, labels, uris)
    columns = {**found.columns, **labels.columns}
    return replace(found, columns=columns, labels=labels, doubt=doubt)


def _folder_of(names: Sequence[str], labels: Input, found: Input) -> str:
    chance = random.Random(_SEED)  # noqa: S311 - no secret depends on it
    names = chance.sample(names, min(len(names), _LOOKED_FOR))
    folders = list(dict.fromkeys([starts_in(labels), "", _root(found)]))
    there = [_there(names, folder) for folder in folders]
    most = max(there)
    if not most:
        places = " or ".join(shown(place_of(folder, names[0])) for folder in folders)
        raise InputError(
            f"--{FLAG}={labels.uri}: of {len(names)} names that were looked for, none is there, "
            f"such as {places}. Write whole addresses, or names that start at the table's folder."
        )
    return folders[there.index(most)]


def _root(found: Input) -> str:
    if found.kind is InputKind.FOLDER:
        return found.uri.rstrip("/") or "/"
    if found.kind is InputKind.PATTERN:
        return fixed_part(found.uri)
    return starts_in(found)


def _there(names: Sequence[str], folder: str) -> int:
    """How many of these names are files, as far as the store says."""

    def is_there(name: str) -> bool:
        place = place_of(folder, name)
        try:
            return files_for(place).exists(place)
        except (OSError, ValueError):  # a ValueError for a name that no disk can have
            return False

    with ThreadPoolExecutor(_TOGETHER) as pool:
        return sum(pool.map(is_there, names))
