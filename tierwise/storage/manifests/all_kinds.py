"""The kinds of all columns of large JSON Lines: every row is read once, before the job is made.

A column may stand in one row of millions, as in BigQuery's exports, which leave out what is null;
a sample would miss it. Rows of the same names and types are alike, so only the first of each such
shape is looked at closely.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic_core import from_json

from tierwise.errors import InputError
from tierwise.storage.manifests.bad_rows import BadRow, good_rows
from tierwise.storage.manifests.cells import Cells, json_row
from tierwise.storage.manifests.kinds import KindTally
from tierwise.storage.manifests.pieces import Piece
from tierwise.storage.manifests.rows import with_addresses
from tierwise.storage.manifests.streams import opened

_Shape = tuple[tuple[str, ...], tuple[type, ...]]

# Shapes that are kept in mind; where there are more, they are looked at anew.
_MOST_SHAPES = 10_000
# As many as a table of BigQuery may have.
_MOST_COLUMNS = 10_000
# Only numbers as long as this may be too large for 64 bits.
_long_number = re.compile(rb"\d{19}").search


def kinds_of_all(uris: Iterable[str]) -> dict[str, str]:
    """The kind of each column, by all rows of these files.

    Raises:
        InputError: a row is malformed, or there are too many columns.
    """
    tally, known = KindTally(), set[_Shape]()
    for uri in uris:
        for _, cells, always in good_rows(Piece(uri), with_addresses(_rows(uri))):
            shape = (tuple(cells), tuple(map(type, cells.values())))
            if shape in known and not always:
                continue
            # A float may be NaN here, which is no number, and a number in the next row.
            tally.add({name: 0.5 if type(cell) is float else cell for name, cell in cells.items()})
            if len(known) >= _MOST_SHAPES:
                known.clear()
            known.add(shape)
            if tally.columns > _MOST_COLUMNS:
                raise InputError(
                    f"{uri}: more than {_MOST_COLUMNS:,} columns up to here. Put what has names of "
                    "its own in each row into one column, as an object."
                )
    return tally.kinds(whole=False)


def _rows(uri: str) -> Iterator[tuple[int, Cells, bool] | BadRow]:
    """Each row by its line, and whether it is to be looked at whatever its shape."""
    with opened(uri) as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            cells = _read(number, line)
            if isinstance(cells, BadRow):
                yield cells
            else:
                yield number, cells, _long_number(line) is not None


def _read(number: int, line: bytes) -> Cells | BadRow:
    try:
        row: Any = from_json(line, cache_strings="keys")
    except ValueError:
        row = None
    # Where it is none to this fast reader, the other one says what is wrong, if anything is.
    if isinstance(row, dict):
        return row
    read = json_row(number, line)
    return read if isinstance(read, BadRow) else read[1]
