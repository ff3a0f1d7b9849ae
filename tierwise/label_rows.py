"""What rows of a second table say of one image, together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tierwise.records import Record, Scalar


@dataclass(frozen=True, slots=True)
class LabelRow(Record):
    """Columns of one image, from so many `rows`, and the columns in which these `differ`.

    What one row says and others leave empty holds; where two rows say different things, nothing
    does, in whatever order they come.

    >>> first, second = LabelRow({"a": 1, "b": "x"}), LabelRow({"a": None, "b": "y"})
    >>> (first + second).columns, (first + second).differ
    ({'a': 1, 'b': None}, frozenset({'b'}))
    """

    columns: Mapping[str, Scalar]
    differ: frozenset[str] = frozenset()
    rows: int = 1

    def __add__(self, other: LabelRow) -> LabelRow:
        differ = self.differ | other.differ
        columns = dict(self.columns)
        for name, value in other.columns.items():
            before = columns.get(name)
            if before is None:
                columns[name] = value
            elif value is not None and before != value:
                differ |= {name}
        columns |= dict.fromkeys(differ)
        return LabelRow(columns, differ, self.rows + other.rows)
