"""The rows of `costs` for people, as wide as their terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Column:
    """A column; those with a higher `spared` are left out first, 0 is always there."""

    heading: str
    cell: Callable[[Row], str]
    spared: int = 0
    number: bool = True


def cost_table(rows: Sequence[Row], console: Console, title: str) -> Table:
    """A table that fits the console; what is the same in every row stands in the title."""
    varying = []
    for name in ("model", "media_resolution", "service_tier"):
        values = {row[name] for row in rows}
        if len(values) == 1:
            title += f", {values.pop()}"
        else:
            varying.append(_Column(name.replace("_", "\n"), _text(name), 1, number=False))
    columns = [_COLUMNS[0], *varying, *_COLUMNS[1:]]
    unlimited = console.options.update(width=10_000)
    for spared in (4, 3, 2, 1, 0):
        table = _table(rows, [one for one in columns if one.spared <= spared], title)
        if console.measure(table, options=unlimited).maximum <= console.width:
            break
    return table


def _table(rows: Sequence[Row], columns: Sequence[_Column], title: str) -> Table:
    table = Table(title=Text(title), title_justify="left", show_edge=False)
    for column in columns:
        justify = "right" if column.number else "left"
        table.add_column(Text(column.heading), justify=justify)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*(Text(column.cell(row)) for column in columns))
    return table


def count(number: int) -> str:
    """A count in at most six characters.

    >>> count(9_999), count(10_721), count(1_234_567_890)
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


def _text(name: str) -> Callable[[Row], str]:
    return lambda row: str(row[name])


def _count(name: str) -> Callable[[Row], str]:
    return lambda row: count(row[name])


def _dollars(name: str) -> Callable[[Row], str]:
    return lambda row: dollars(row[name])


_COLUMNS = (
    _Column("task", _text("task"), number=False),
    _Column("outcome", _text("outcome"), number=False),
    _Column("requests", _count("requests"), 3),
    _Column("images", _count("images")),
    _Column("input\ntokens", _count("input_tokens"), 4),
    _Column("output\ntokens", lambda row: count(row["output_tokens"] + row["thought_tokens"]), 4),
    _Column("USD", _dollars("cost_usd")),
    _Column("saved\nUSD", _dollars("saved_usd"), 2),
)
