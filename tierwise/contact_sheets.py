"""Contact sheets: where each of several pictures lies on one canvas, and how large it may be.

Gemini 3 and 4 bill a picture by its media resolution and shape alone (`tiers.image_tokens`), so
all pictures on a sheet cost together what one costs. Each is seen at its part of the resolution.

        |<------ cell ------>|
        +--------------------+---
        |      5             |      GUTTER, above and left of the picture; its number is in it
        |      +----------+  |
        |      | picture  |  |      as it is, at the top left, in a thin frame outside of it
        |      +----------+  |
        +--------------------+---

Cells are equal, as large as the largest picture needs, and in reading order. Every picture starts
at a multiple of 16 px, where a block of JPEG does: so coding it once more costs it next to nothing
(47 dB between the two codings of a photograph at quality 85, 37 dB elsewhere).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

MOST_IMAGES = 16
GUTTER = 16
# What a cell has beside its picture, for the frame is 1 px wide.
_AROUND = GUTTER + 1


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells of a sheet; the last row may end with empty ones."""

    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A sheet in px. A picture lies at most `GUTTER` px from the top and left of its cell."""

    grid: Grid
    cell_width: int
    cell_height: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the canvas."""
        return self.grid.columns * self.cell_width, self.grid.rows * self.cell_height

    def corner(self, index: int) -> tuple[int, int]:
        """The top left of the picture with this index, from 0."""
        row, column = divmod(index, self.grid.columns)
        return column * self.cell_width + GUTTER, row * self.cell_height + GUTTER


def grid_of(images: int) -> Grid:
    """As many columns as rows, or one more.

    >>> grid_of(4), grid_of(5)
    (Grid(columns=2, rows=2), Grid(columns=3, rows=2))
    """
    columns = isqrt(images - 1) + 1
    return Grid(columns, -(-images // columns))


def layout_of(sizes: Sequence[tuple[int, int]]) -> Layout:
    """The sheet of pictures with these widths and heights in px."""
    widths, heights = zip(*sizes, strict=True)
    return Layout(grid_of(len(sizes)), _cell(max(widths)), _cell(max(heights)))


def side_on_sheet(side: int, images: int) -> int:
    """The longest side in px of 4:3 pictures, so many of which make a sheet as large as one.

    >>> side_on_sheet(912, 1), side_on_sheet(912, 4), side_on_sheet(912, 9)
    (912, 425, 276)
    """
    if images == 1:
        return side
    grid = grid_of(images)
    cell = isqrt(side * side // (grid.columns * grid.rows))
    width, height = (whole // GUTTER * GUTTER - _AROUND for whole in (cell, cell * 3 // 4))
    return max(GUTTER, min(width, height * 4 // 3))


def _cell(side: int) -> int:
    return -(-(side + _AROUND) // GUTTER) * GUTTER
