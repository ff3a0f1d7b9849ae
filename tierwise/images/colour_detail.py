"""Whether colour has finer detail than a quarter of its pixels would hold, as coloured print has.

JPEG as it is mostly written (4:2:0) keeps one colour for squares of 2 x 2 px. Photographs lose
next to nothing; red print on white becomes grey and pink. `bench/images` has the figures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tierwise.images.raster import Pixels

# Rows, and columns, from one square that is looked at to the next: lines of print are higher.
_ROWS, _COLUMNS = 8, 8
# How far a colour lies from that of its square, in levels of red or blue against green.
_FAR, _VERY_FAR = 40, 64
# Shares of the squares.
_MANY, _SOME = 0.06, 0.002


def has_coloured_print(pixels: Pixels) -> bool:
    """Tell whether many colours lie far from the mean of their square, or some very far."""
    height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
    if pixels.shape[2] == 1 or not height or not width:
        return False
    squares = [
        pixels[row:height:_ROWS, column:width:_COLUMNS] for row in (0, 1) for column in (0, 1)
    ]
    greens = [square[..., 1].astype(np.int16) for square in squares]
    far = np.maximum(_off(squares, 0, greens), _off(squares, 2, greens))
    very_many = np.count_nonzero(far > _VERY_FAR) > _SOME * far.size
    return bool(very_many or np.count_nonzero(far > _FAR) > _MANY * far.size)


def _off(squares: list[Pixels], channel: int, greens: list[NDArray[np.int16]]) -> NDArray[np.int16]:
    """How far the farthest of each square is from its mean, in one colour against green."""
    first, second, third, fourth = (
        square[..., channel] - green for square, green in zip(squares, greens, strict=True)
    )
    mean = (first + second + third + fourth) >> 2
    highest = np.maximum(np.maximum(first, second), np.maximum(third, fourth))
    lowest = np.minimum(np.minimum(first, second), np.minimum(third, fourth))
    off: NDArray[np.int16] = np.maximum(highest - mean, mean - lowest)
    return off
