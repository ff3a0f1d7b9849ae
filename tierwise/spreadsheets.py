"""Tables that people fill in with a spreadsheet: CSV in UTF-8, opened and saved by any of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from tierwise.records import Scalar

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def guarded(cell: str) -> str:
    """With an apostrophe where a spreadsheet would take the text for a formula.

    >>> guarded("=1+1.jpg"), guarded("sea")
    ("'=1+1.jpg", 'sea')
    """
    return f"'{cell}" if cell.startswith(FORMULA_SIGNS) else cell


def unguarded(cell: Scalar) -> Scalar:
    """Without that apostrophe.

    >>> unguarded("'=1+1"), unguarded("'tis"), unguarded(5)
    ('=1+1', "'tis", 5)
    """
    if isinstance(cell, str) and cell[:1] == "'" and cell[1:].startswith(FORMULA_SIGNS):
        return cell[1:]
    return cell


def sheet(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A table as CSV; the mark at its beginning tells spreadsheets that it is UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")
