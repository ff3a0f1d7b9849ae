"""A look at the names of an archive for its first tasks file, and for a table about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tierwise.errors import InputError
from tierwise.first_tasks.look import Look
from tierwise.skipped_files import Kind
from tierwise.storage.file_addresses import local_path
from tierwise.storage.files import join
from tierwise.storage.find_input import find_input
from tierwise.storage.find_labels import with_labels
from tierwise.storage.listing import Input, InputKind, Named, Skipped, fixed_part
from tierwise.storage.manifests.forms import is_manifest
from tierwise.storage.sampled_names import sampled_names

# Tables that lie among the pictures: so many are opened, those highest up first.
_MOST_TABLES = 5


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What was seen of an input; `table` is one that lies there and is about it, empty for none."""

    look: Look
    table: str


def first_look(uri: str) -> FirstLook:
    """Go through the names once, and where a table is about them through its rows.

    Raises:
        InputError: nothing is there, or a manifest is malformed.
    """
    found = find_input(uri)
    look, tables = Look(), []
    for name in sampled_names(found):
        if isinstance(name, Named):
            look.add(_below(found, name.uri), name.columns)
        elif _may_be_table(name):
            tables.append(name.uri)
            tables = _highest(tables)
    for table in tables:
        columns = _columns(found, table)
        if columns is not None:
            return FirstLook(columns, table)
    return FirstLook(look, "")


def _columns(found: Input, table: str) -> Look | None:
    """The look with the columns of a table; None where it is not about the pictures."""
    try:
        joined = with_labels(found, table)
    except InputError:
        return None
    look = Look()
    for name in sampled_names(joined):
        if isinstance(name, Named):
            look.add(_below(found, name.uri), name.columns)
    return look


def _may_be_table(name: Skipped) -> bool:
    return name.kind is Kind.OTHER and is_manifest(name.uri)


def _highest(tables: Sequence[str]) -> list[str]:
    return sorted(tables, key=lambda uri: (uri.count("/"), uri))[:_MOST_TABLES]


def _below(found: Input, uri: str) -> str:
    """A name as it is below the input; a manifest's as it stands there."""
    if found.kind is InputKind.FOLDER:
        return uri.removeprefix(join(local_path(found.uri), ""))
    if found.kind is InputKind.PATTERN:
        return uri.removeprefix(fixed_part(found.uri)).lstrip("/")
    return uri
