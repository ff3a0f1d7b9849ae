"""Tables that people fill in with a spreadsheet: CSV in UTF-8, opened and saved by any of them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from tierwise.records import Scalar

# The wide forms are taken for the plain ones where Japanese, Chinese or Korean is written.
_SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
FORMULA_SIGNS = (*_SIGNS, "\t", "\r")
# Where a cell begins, and where a spreadsheet that separates by semicolons or tabs begins another.
_FORMULA = rf"[ ']*[{re.escape(_SIGNS)}]"
_FIRST = rf"[ ']*[{re.escape(''.join(FORMULA_SIGNS))}]"
_BEHIND = r"(?<=[;\t\r\n])"
_BARE = re.compile(rf"^(?={_FIRST})|{_BEHIND}(?={_FORMULA})")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_GUARD = re.compile(rf"^'(?={_FIRST})|{_BEHIND}'(?={_FORMULA})")


def guarded(cell: str) -> str:
    r"""With an apostrophe where a spreadsheet would take the text, or a part, for a formula.

    Control characters that a terminal would obey are written out.

    >>> guarded("=1+1.jpg"), guarded("a;=1+1.jpg"), guarded("sea"), guarded("a\x1b[2J.jpg")
    ("'=1+1.jpg", "a;'=1+1.jpg", 'sea', 'a\\x1b[2J.jpg')
    """
    return _BARE.sub("'", _CONTROLS.sub(lambda sign: f"\\x{ord(sign[0]):02x}", cell))


def unguarded(cell: Scalar) -> Scalar:
    """Without these apostrophes.

    >>> unguarded("'=1+1"), unguarded("a;'=1"), unguarded("'tis"), unguarded(5)
    ('=1+1', 'a;=1', "'tis", 5)
    """
    return _GUARD.sub("", cell) if isinstance(cell, str) else cell


def sheet(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A table as CSV; the mark at its beginning tells spreadsheets that it is UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")
