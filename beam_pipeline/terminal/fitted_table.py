"""Tables that fit their terminal: columns are left out whole, a number is never cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.box import HEAVY_HEAD, SIMPLE_HEAD, Box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

# Text that is longer goes on in the next line before a column is left out for its sake.
_TEXT_WIDTH = 24


@dataclass(frozen=True, slots=True)
class Column:
    """A column; those with a higher `spared` are left out first, 0 is always there.

    `cell` makes its text of a row. Text may take several lines, numbers may not.
    """

    heading: str
    cell: Callable[[Any], str]
    spared: int = 0
    number: bool = True


def fitted_table(
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Any],
    width: int,
    *,
    box: Box = HEAVY_HEAD,
    edge: bool = False,
    bold: Callable[[Any], bool] = lambda _: False,
    sums: int = 0,
) -> Table:
    """A table of at most `width` columns of a terminal, from 60 on.

    Args:
        title: stands above; what images, people and models wrote is shown, never interpreted.
        columns: in their order.
        rows: what the columns make their cells of.
        width: of the terminal.
        box: how lines are drawn.
        edge: whether lines go round the table.
        bold: which rows stand out.
        sums: how many rows at the end are sums, apart from the others.
    """
    # A blank on either side of a column and a line to the next; two blanks where none is drawn.
    gap = 2 if box is SIMPLE_HEAD else 3
    shown = _fitting(columns, rows, width - 2 * edge, gap)
    table = Table(
        title=Text(title),
        title_justify="left",
        box=box,
        show_edge=edge,
        collapse_padding=box is SIMPLE_HEAD,
    )
    for column in shown:
        heading = Text(column.heading)
        if column.number:
            table.add_column(heading, justify="right", no_wrap=True)
        else:
            table.add_column(heading, overflow="fold")
    for number, row in enumerate(rows):
        if sums and number == len(rows) - sums:
            table.add_section()
        cells = (Text(column.cell(row)) for column in shown)
        table.add_row(*cells, style="bold" if bold(row) else "")
    return table


def _fitting(columns: Sequence[Column], rows: Sequence[Any], width: int, gap: int) -> list[Column]:
    """The most columns that fit, in their order."""
    for spared in sorted({column.spared for column in columns}, reverse=True):
        shown = [column for column in columns if column.spared <= spared]
        if sum(_width(column, rows) + gap for column in shown) <= width:
            return shown
    return shown


def _width(column: Column, rows: Sequence[Any]) -> int:
    cells = (line for row in rows for line in column.cell(row).splitlines())
    widest = max(map(cell_len, [*column.heading.splitlines(), *cells]), default=0)
    return widest if column.number else min(widest, _TEXT_WIDTH)
