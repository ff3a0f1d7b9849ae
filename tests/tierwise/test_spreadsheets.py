"""Cells that no spreadsheet takes for a formula, and that are the same again without the guard."""

from __future__ import annotations

from itertools import product

from tierwise.spreadsheets import FORMULA_SIGNS, guarded, unguarded


def test_no_part_of_a_cell_is_a_formula_and_it_can_be_read_back() -> None:
    pieces = ("", "a", "'", " ", ";", "\t", "\n", "=1", "-", "\uff1d1")
    for parts in product(pieces, repeat=4):
        cell = "".join(parts)
        told = guarded(cell)
        assert unguarded(told) == cell
        for piece in told.replace("\t", ";").replace("\n", ";").split(";"):
            assert not piece.lstrip(" ").startswith(FORMULA_SIGNS)
