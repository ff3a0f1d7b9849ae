"""Where pictures lie on a contact sheet: whole, apart from each other, and each in its cell."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.contact_sheets import GUTTER, MOST_IMAGES, grid_of, layout_of, side_on_sheet

SIZES = st.lists(
    st.tuples(st.integers(1, 2000), st.integers(1, 2000)), min_size=2, max_size=MOST_IMAGES
)


@given(SIZES)
def test_every_picture_is_whole_in_its_cell_with_a_frame_and_room_for_its_number(
    sizes: list[tuple[int, int]],
) -> None:
    layout = layout_of(sizes)
    boxes = []
    for index, (width, height) in enumerate(sizes):
        left, top = layout.corner(index)
        row, column = divmod(index, layout.grid.columns)
        cell_left, cell_top = column * layout.cell_width, row * layout.cell_height
        assert (left - cell_left, top - cell_top) == (GUTTER, GUTTER)
        assert left % 16 == top % 16 == 0
        assert left + width < cell_left + layout.cell_width <= layout.size[0]
        assert top + height < cell_top + layout.cell_height <= layout.size[1]
        boxes.append((left, top, left + width, top + height))
    for one, other in combinations(boxes, 2):
        apart = one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]
        assert apart, (one, other)


@given(st.integers(1, 50))
def test_a_grid_is_as_square_as_it_can_be_and_has_no_empty_row(images: int) -> None:
    grid = grid_of(images)
    assert grid.columns * (grid.rows - 1) < images <= grid.columns * grid.rows
    assert grid.rows <= grid.columns <= grid.rows + 1


@pytest.mark.parametrize("images", range(2, MOST_IMAGES + 1))
@pytest.mark.parametrize("side", [768, 912, 1824, 2592])
def test_a_sheet_is_as_large_as_one_picture(side: int, images: int) -> None:
    small = side_on_sheet(side, images)
    width, height = layout_of([(small, small * 3 // 4)] * images).size
    assert 0.85 < width * height / (side * side * 3 / 4) <= 1


def test_a_picture_alone_keeps_its_size() -> None:
    assert side_on_sheet(912, 1) == 912
