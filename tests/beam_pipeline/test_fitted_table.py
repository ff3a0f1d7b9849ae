"""Tables are never wider than their terminal, and no number in them is cut."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.box import HEAVY_HEAD, SIMPLE_HEAD, Box
from rich.cells import cell_len
from rich.console import Console

from tierwise.beam_pipeline.terminal.fitted_table import Column, fitted_table

COLUMNS = (
    Column("name", lambda row: row[0], number=False),
    Column("dear", lambda row: row[1], 2),
    Column("first to go", lambda row: row[2], 3),
    Column("USD", lambda row: row[3]),
    Column("what\nto do", lambda row: row[0], 1, number=False),
)


def drawn(
    rows: Sequence[Any], width: int, columns: Sequence[Column] = COLUMNS, **settings: Any
) -> str:
    console = Console(width=width, file=io.StringIO(), highlight=False)
    console.print(fitted_table("Title", columns, rows, width, **settings))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


ROWS = st.lists(
    st.tuples(
        st.text("ab wide漢é[]", max_size=90),
        *[st.integers(0, 10**9).map(str) for _ in range(3)],
    ),
    max_size=6,
)


@given(ROWS, st.integers(60, 160), st.sampled_from([HEAVY_HEAD, SIMPLE_HEAD]), st.booleans())
def test_it_fits_and_every_number_is_whole(
    rows: list[tuple[str, ...]], width: int, box: Box, edge: bool
) -> None:
    text = drawn(rows, width, box=box, edge=edge)
    assert max(map(cell_len, text.splitlines())) <= width
    assert "…" not in text
    words = text.replace("│", " ").split()
    for row in rows:
        assert row[3] in words


def test_wider_terminals_show_more_columns() -> None:
    rows = [("a name of some length", "1234567890", "1234567890", "1234567890")]
    texts = [drawn(rows, width) for width in (60, 70, 80, 100)]
    shown = [[name in text for name in ("USD", "to do", "dear", "first to go")] for text in texts]
    assert shown == [
        [True, False, False, False],
        [True, True, False, False],
        [True, True, True, False],
        [True, True, True, True],
    ]


def test_sums_stand_apart_and_markup_is_text() -> None:
    lines = drawn([("[red]a[/]", "1", "2", "3"), ("in all", "1", "2", "3")], 100, sums=1)
    ruled = [line.startswith("─") for line in lines.splitlines()]
    assert ruled.index(True) == len(ruled) - 2
    assert "[red]a[/]" in lines


@pytest.mark.parametrize("width", [60, 80])
def test_a_table_without_rows_has_its_headings(width: int) -> None:
    assert "name" in drawn([], width)
