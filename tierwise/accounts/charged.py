"""Costs by the values of a manifest's column, however many values there are.

The last step holds all rows of `costs`. So at most `MOST_VALUES` values have rows of their own, and
all others share one, `OTHERS`. Which have is decided by a hash of the value: then it is the same in
whatever order and grouping the rows come, and those that have rows have all of their costs there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256

from tierwise.accounts.costs import CostKey, CostRow, CostTotals

MOST_VALUES = 10_000
OTHERS = "(all other values)"


@dataclass(slots=True)
class ChargedCosts:
    """Rows of `costs`, of which at most `most` values are told apart."""

    most: int = MOST_VALUES
    _by_value: dict[str, dict[CostKey, CostTotals]] = field(default_factory=dict)
    _others: dict[CostKey, CostTotals] = field(default_factory=dict)

    def add(self, rows: Iterable[CostRow]) -> None:
        """Add rows, of any values."""
        for key, totals in rows:
            if key.charged_to == OTHERS:
                _add(self._others, key, totals)
                continue
            _add(self._by_value.setdefault(key.charged_to, {}), key, totals)
            if len(self._by_value) > 2 * self.most:
                self._settle()

    def rows(self) -> Iterator[CostRow]:
        """Every row once."""
        self._settle()
        for rows in (*self._by_value.values(), self._others):
            yield from rows.items()

    def _settle(self) -> None:
        """Give up the values that cannot be among those with rows of their own."""
        for value in sorted(self._by_value, key=_rank)[self.most :]:
            for key, totals in self._by_value.pop(value).items():
                _add(self._others, replace(key, charged_to=OTHERS), totals)


def _add(rows: dict[CostKey, CostTotals], key: CostKey, totals: CostTotals) -> None:
    rows[key] = rows[key] + totals if key in rows else totals


def _rank(value: str) -> bytes:
    return sha256(value.encode("utf-8", "surrogatepass")).digest()
