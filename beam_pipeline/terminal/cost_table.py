"""The rows of `costs` for people, as wide as their terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from rich.table import Table

from tierwise.beam_pipeline.terminal.fitted_table import Column, fitted_table

TableCells = dict[str, Any]


def cost_table(rows: Sequence[TableCells], width: int, title: str) -> Table:
    """A table for a terminal of that width; what all rows share stands in the title."""
    varying = []
    for name in ("model", "media_resolution", "service_tier"):
        values = {row[name] for row in rows}
        if len(values) == 1:
            title += f", {values.pop()}"
        else:
            varying.append(Column(name.replace("_", "\n"), _text(name), 1, number=False))
    return fitted_table(title, [_COLUMNS[0], *varying, *_COLUMNS[1:]], rows, width)


def thousands(number: int) -> str:
    """A count in at most six characters.

    >>> thousands(9_999), thousands(10_721), thousands(1_234_567_890)
    ('9999', '10.7k', '1.2G')
    """
    for least, unit, sign in ((10**9, 10**9, "G"), (10**6, 10**6, "M"), (10**4, 10**3, "k")):
        if number >= least:
            return f"{number / unit:.1f}{sign}"
    return str(number)


def dollars(amount: Decimal) -> str:
    """Dollars with as many places as still say something.

    >>> dollars(Decimal("0.003212750")), dollars(Decimal("1234.5")), dollars(Decimal(0))
    ('0.003213', '1234.50', '0')
    """
    if not amount:
        return "0"
    if abs(amount) < Decimal("0.000001"):
        return f"{amount:.9f}"
    return f"{amount:.2f}" if abs(amount) >= 100 else f"{amount:.6f}"


def _text(name: str) -> Callable[[TableCells], str]:
    return lambda row: str(row[name])


def _count(name: str) -> Callable[[TableCells], str]:
    return lambda row: thousands(row[name])


def _dollars(name: str) -> Callable[[TableCells], str]:
    return lambda row: dollars(row[name])


_COLUMNS = (
    Column("task", _text("task"), number=False),
    Column("outcome", _text("outcome"), number=False),
    Column("requests", _count("requests"), 3),
    Column("images", _count("images")),
    Column("input\ntokens", _count("input_tokens"), 4),
    Column(
        "output\ntokens", lambda row: thousands(row["output_tokens"] + row["thought_tokens"]), 4
    ),
    Column("USD", _dollars("cost_usd")),
    Column("saved\nUSD", _dollars("saved_usd"), 2),
)
