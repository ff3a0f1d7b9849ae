"""How far apart two codings of one picture lie, where they lie farthest apart.

What codings add stays small beside the contrast around it: a coarsely coded page of text is
unquiet where there are letters, and nowhere else. Another digit is as strong as the letters around
it, a stamp stronger than the blank paper below. So each difference is held against the contrast of
its neighbourhood. `bench/near_duplicates` has the figures.
"""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tierwise.errors import ImageError
from tierwise.images.picture import Picture
from tierwise.records import Reason

_FORMATS = ("JPEG", "PNG", "WEBP")
# What Pillow raises for bytes that it cannot decode.
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError)

# Of two pictures, the smaller has at least so much of the larger's sides: in a much smaller copy
# small print is gone, and it resembles every page of its template.
LEAST_SCALE = 0.7
# Sides are rounded to whole px: shapes may differ by so many, or by this share.
_ROUNDED_PX, _ROUNDED = 1.5, 0.004

_TILE = 8
_SQUARE = 4
# Contrast that is taken for granted where there is none, in levels of 255.
_CALM = 10.0

Plane = NDArray[np.int16]


def unlikeness(one: Picture, other: Picture) -> float:
    """The largest difference, as a share of the contrast around it; infinite for other shapes.

    Brightness is compared on the pixels of the smaller, colours on a quarter of them.

    Raises:
        ImageError: one cannot be decoded.
    """
    first, second = sorted((_decoded(one), _decoded(other)), key=lambda image: image.size)
    if not _same_shape(first.size, second.size):
        return float("inf")
    second = second.resize(first.size, Image.Resampling.LANCZOS)
    planes = zip(_planes(first), _planes(second), strict=True)
    return max(_farthest(*pair) for pair in planes)


def _decoded(picture: Picture) -> Image.Image:
    try:
        with Image.open(io.BytesIO(picture.data), formats=_FORMATS) as image:
            return image.convert("RGB")
    except _BROKEN as error:
        raise ImageError(Reason.UNREADABLE, f"a picture cannot be compared: {error}") from error


def _same_shape(small: tuple[int, int], large: tuple[int, int]) -> bool:
    scale = small[0] / large[0]
    off = abs(large[1] * scale - small[1])
    return scale >= LEAST_SCALE and off <= max(_ROUNDED_PX, _ROUNDED * small[1])


def _planes(image: Image.Image) -> list[Plane]:
    """Brightness and both colours, the latter on a quarter of the pixels, as most codings do."""
    brightness, *colours = image.convert("YCbCr").split()
    return [_padded(plane) for plane in (brightness, *(colour.reduce(2) for colour in colours))]


def _padded(plane: Image.Image) -> Plane:
    pixels = np.asarray(plane).astype(np.int16)
    height, width = pixels.shape
    return np.pad(pixels, ((0, -height % _TILE), (0, -width % _TILE)), mode="edge")


def _farthest(one: Plane, other: Plane) -> float:
    apart = _of_tiles(np.abs(_of_squares(other - one)), np.maximum) / _SQUARE
    around = np.maximum(_contrast(one), _contrast(other))
    return float((apart / (_CALM + around)).max())


def _of_squares(plane: Plane) -> Plane:
    """Sums of 2 x 2 px: a stroke is seldom narrower, and what codings add seldom wider."""
    wide = np.pad(plane, ((0, 1), (0, 1)), mode="edge")
    rows = wide[1:] + wide[:-1]
    return rows[:, 1:] + rows[:, :-1]


def _contrast(plane: Plane) -> NDArray[np.float32]:
    """For each tile the standard deviation within it, or within a neighbour that has more."""
    levels = plane.astype(np.float32)
    mean = _of_tiles(levels, np.add) / _TILE**2
    spread = _of_tiles(levels * levels, np.add) / _TILE**2 - mean * mean
    tiles = np.pad(np.sqrt(np.maximum(spread, 0)), 1, mode="edge")
    rows = np.maximum.reduce([tiles[:-2], tiles[1:-1], tiles[2:]])
    return np.asarray(np.maximum.reduce([rows[:, :-2], rows[:, 1:-1], rows[:, 2:]]))


def _of_tiles(plane: NDArray[Any], summary: np.ufunc) -> NDArray[Any]:
    """A sum or maximum of each tile; rows first, which processors do many at a time."""
    height, width = plane.shape
    rows = summary.reduce(plane.reshape(height // _TILE, _TILE, width), axis=1)
    tiles = summary.reduce(rows.reshape(height // _TILE, width // _TILE, _TILE), axis=2)
    return np.asarray(tiles)
