"""Bitmaps of runs, as old programs write them."""

import struct
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from tierwise.errors import ImageError
from tierwise.images.limits import Limits
from tierwise.images.picture import Picture

COLOURS = [(0, 0, 0), (200, 30, 30), (30, 160, 40), (40, 50, 200), (230, 220, 60)]
ROW, END = b"\0\0", b"\0\1"


def bitmap(packed: bytes, width: int, height: int, bits: int) -> bytes:
    palette = b"".join(bytes((*colour[::-1], 0)) for colour in COLOURS)
    palette = palette.ljust(4 << bits, b"\0")
    start = 54 + len(palette)
    head = struct.pack("<2sIII", b"BM", start + len(packed), 0, start)
    kind = 1 if bits == 8 else 2
    info = struct.pack("<IIIHHIIIIII", 40, width, height, 1, bits, kind, len(packed), 0, 0, 0, 0)
    return head + info + palette + packed


def absolute(row: list[int], bits: int) -> bytes:
    """Pixels without a run, filled up to an even number of bytes."""
    codes = bytes(row)
    if bits == 4:
        filled = [*row, 0] if len(row) % 2 else row
        codes = bytes(a << 4 | b for a, b in zip(filled[::2], filled[1::2], strict=True))
    return bytes((0, len(row))) + codes + b"\0" * (len(codes) % 2)


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("width", [5, 6, 7, 8, 9, 10, 11, 12])
def test_pixels_without_a_run_are_where_they_belong(
    shrink: Callable[..., Picture], save: Callable[..., bytes], width: int, bits: int
) -> None:
    rows = np.random.default_rng(width).integers(0, 5, (6, width))
    packed = b"".join(absolute(row.tolist(), bits) + ROW for row in rows[::-1]) + END
    plain = save(Image.fromarray(np.array(COLOURS, dtype=np.uint8)[rows]), "BMP")
    assert shrink(bitmap(packed, width, 6, bits)).data == shrink(plain).data


def test_runs_jumps_and_rows_that_end_early(
    shrink: Callable[..., Picture], save: Callable[..., bytes]
) -> None:
    packed = b"\x20\x11" + ROW + b"\x10\x22" + ROW + b"\0\2\x08\x1e" + b"\x08\x33" + END
    rows = np.zeros((40, 32), dtype=np.uint8)
    rows[0], rows[1, :16], rows[32, 8:16] = 1, 2, 3
    plain = save(Image.fromarray(np.array(COLOURS, dtype=np.uint8)[rows[::-1]]), "BMP")
    assert shrink(bitmap(packed, 32, 40, 4)).data == shrink(plain).data


def test_runs_that_fit_no_row_and_rows_that_never_came_are_damage(
    shrink: Callable[..., Picture],
) -> None:
    row = b"\x20\x11" + ROW
    for packed, message in (
        (row * 39, "of 40 rows 39 came"),
        (row * 20 + b"\x21\x11" + ROW + row * 19, "a run is longer than row 20"),
        (row * 20 + ROW + row * 19, "row 20 is empty"),
    ):
        with pytest.raises(ImageError, match=message):
            shrink(bitmap(packed, 32, 40, 4))
        assert shrink(bitmap(packed, 32, 40, 4), limits=Limits(accept_truncated=True)).truncated
    assert not shrink(bitmap(row * 40, 32, 40, 4)).truncated
