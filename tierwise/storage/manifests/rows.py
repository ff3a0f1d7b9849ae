"""A manifest: a table with a `uri` column, whose other columns ride along to the output.

CSV cells are strings, and null when empty; JSON Lines and Parquet keep strings, integers of 64
bits, numbers and booleans. Lists and objects travel as JSON, everything else as text. A name on a
disk that is not Unicode is written with the escapes that tables show it with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from tierwise.errors import InputError
from tierwise.records import Scalar
from tierwise.shown import shown
from tierwise.storage.manifests.bad_rows import BadRow, good_rows
from tierwise.storage.manifests.cells import Cells, column_names, numbered_rows, required_format
from tierwise.storage.manifests.forms import Format
from tierwise.storage.manifests.kinds import of_kind, scalar
from tierwise.storage.manifests.pieces import Piece
from tierwise.storage.seen_from import place_of

URI = "uri"
NO_ADDRESS = " has no uri. Fill it in or delete the row."
# Rows before the first with a column of addresses that are counted should there be one.
_MOST_HELD = 1_000

_Numbered = TypeVar("_Numbered", bound=tuple[Any, ...])

# An image's address as it is written, where to read it, and its other columns.
ManifestRow = tuple[str, str, Mapping[str, Scalar]]


def read_rows(piece: Piece, kinds: Mapping[str, str], folder: str) -> Iterator[ManifestRow]:
    """Each row's URI without spaces around, where it leads, and its other columns in `kinds`.

    Relative URIs start at `folder`. Columns that the file lacks are null.

    Raises:
        InputError: a row is malformed, has no URI, one of a kind that is not supported, or a cell
            that does not fit its column; or a column is there that `kinds` does not know.
    """
    _check_columns(piece.uri, kinds)
    yield from good_rows(piece, _rows(piece, kinds, folder))


def address_in(cells: Cells) -> str:
    """The address of a row's image without spaces around, empty where there is none."""
    name = scalar(cells.get(URI))
    return name.strip() if isinstance(name, str) else ""


def with_addresses(rows: Iterator[_Numbered | BadRow]) -> Iterator[_Numbered | BadRow]:
    """Rows of JSON Lines, of which those without an address are bad: a number, cells, and whatever.

    Where no row has that column they pass: who knows all columns can say more about it.
    """
    held, is_there = list[BadRow](), False
    for row in rows:
        if isinstance(row, BadRow):
            yield row
            continue
        number, cells = row[:2]
        if URI in cells and not is_there:
            is_there = True
            yield from held
        if address_in(cells):
            yield row
        elif is_there:
            yield BadRow(number, NO_ADDRESS)
        else:
            if len(held) < _MOST_HELD:
                held.append(BadRow(number, NO_ADDRESS))
            yield row


def _rows(piece: Piece, kinds: Mapping[str, str], folder: str) -> Iterator[ManifestRow | BadRow]:
    # The cells of CSV are text, or nothing.
    plain = bool(required_format(piece.uri).separator)
    for row in numbered_rows(piece):
        if isinstance(row, BadRow):
            yield row
            continue
        number, cells = row
        name = address_in(cells)
        if not name:
            yield BadRow(number, NO_ADDRESS)
            continue
        try:
            path = place_of(folder, name)
            columns = {one: cells.get(one) for one in kinds} if plain else _typed(cells, kinds)
        except InputError as error:
            yield BadRow(number, f": {error}")
            continue
        yield name, path, columns


def _typed(cells: Cells, kinds: Mapping[str, str]) -> dict[str, Scalar]:
    if not cells.keys() - {URI} <= kinds.keys():
        new = next(name for name in cells if name not in kinds and name != URI)
        raise InputError(_unknown(new))
    typed: dict[str, Scalar] = {}
    for column, kind in kinds.items():
        value = cells.get(column)
        try:
            typed[column] = of_kind(value, kind)
        except ValueError as error:
            raise InputError(_misfit(column, value, kind)) from error
    return typed


def _check_columns(uri: str, kinds: Mapping[str, str]) -> None:
    """Refuse a file without addresses, or with columns that those looked at first do not have."""
    if required_format(uri) is Format.JSON_LINES:
        return  # its rows say
    names = column_names(uri)
    if not names:
        return  # an empty file has no rows
    if URI not in names:
        raise InputError(f"{uri}: has no column named uri, as other files of the manifest have.")
    if new := next((name for name in names if name not in kinds and name != URI), None):
        raise InputError(f"{uri}: {_unknown(new)}")


def _unknown(column: str) -> str:
    return (
        f"the column {shown(column)} is in none of the files that were looked at first, which say "
        "what columns there are. Where the manifest has changed since, run the same command again; "
        "else give all its files the same columns."
    )


def _misfit(column: str, value: Any, kind: str) -> str:
    return (
        f"the column {shown(column)} holds {shown(value)}, which is no {kind} as in the files that "
        "were looked at first. Where the manifest has changed since, run the same command again; "
        "else give the column the same kind in all its files."
    )
