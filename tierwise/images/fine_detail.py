"""How much of a picture is covered by fine strokes on a quiet ground, as print and handwriting are.

Measured on at most 768 px, whatever size is sent, so that the same picture has the same figure at
every route. Tiles of 16 x 16 px are taken for strokes when their greys lie far apart, change often
from one side of the middle to the other, along rows and down columns, and lie mostly near one end:
the ground. Leaves, hair and gravel change as often, but have no such ground.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tierwise.images.raster import Pixels
from tierwise.sizes import fitted

SIDE = 768

_TILE = 16
_APART = 48
# Changes in a tile: of 240 pairs of neighbours along its rows, and of as many down its columns.
_ALONG, _DOWN = 32, 16
_GROUND = 0.55
_PLACES = 4


def fine_detail(pixels: Pixels) -> float:
    """The share of the picture, 0 to 1, that fine strokes cover; `pixels` are grey or RGB."""
    tiles = _tiles(_small_grey(pixels))
    darkest, lightest = tiles.min(axis=(1, 2)), tiles.max(axis=(1, 2))
    apart = lightest - darkest >= _APART
    if not apart.any():
        return 0.0
    strokes = _are_strokes(tiles[apart], darkest[apart], lightest[apart])
    return round(float(np.count_nonzero(strokes) / len(tiles)), _PLACES)


def _small_grey(pixels: Pixels) -> Pixels:
    """Green for luma, as most of it is green, on at most `SIDE` px."""
    green = np.ascontiguousarray(pixels[..., min(1, pixels.shape[2] - 1)])
    size = fitted(green.shape[1], green.shape[0], SIDE)
    if size == green.shape[::-1]:
        return green
    image = Image.fromarray(green)
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))


def _tiles(grey: Pixels) -> Pixels:
    """All whole tiles; the rest at the right and at the bottom is left out."""
    down, across = grey.shape[0] // _TILE, grey.shape[1] // _TILE
    whole = grey[: down * _TILE, : across * _TILE]
    parts = whole.reshape(down, _TILE, across, _TILE).swapaxes(1, 2)
    return parts.reshape(down * across, _TILE, _TILE)


def _are_strokes(tiles: Pixels, darkest: Pixels, lightest: Pixels) -> NDArray[np.bool_]:
    quarter = (lightest - darkest) // 4
    above = tiles > (darkest + 2 * quarter)[:, None, None]
    along = np.count_nonzero(above[:, :, 1:] != above[:, :, :-1], axis=(1, 2))
    down = np.count_nonzero(above[:, 1:] != above[:, :-1], axis=(1, 2))
    near_light = np.count_nonzero(tiles >= (lightest - quarter)[:, None, None], axis=(1, 2))
    near_dark = np.count_nonzero(tiles <= (darkest + quarter)[:, None, None], axis=(1, 2))
    ground = np.maximum(near_light, near_dark)
    quiet = ground >= _GROUND * _TILE * _TILE
    return np.asarray((along >= _ALONG) & (down >= _DOWN) & quiet)
