"""Pixels on their way: upright, sRGB, opaque, 8 bit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Raster:
    """Decoded and already small; `pixels` is height × width × 1 (grey) or 3 (RGB).

    `original_width` and `original_height` are upright. `altered` tells that colours or transparency
    were changed on the way, so that the original bytes do not show the same picture; `truncated`
    that parts are missing. `tones` says how samples that are not 8 bit were stretched,
    `turned_by` what turned it where that is not what its format says.
    """

    pixels: Pixels
    original_width: int
    original_height: int
    altered: bool = False
    truncated: bool = False
    tones: str = ""
    turned_by: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        return int(self.pixels.shape[1]), int(self.pixels.shape[0])

    @cached_property
    def image(self) -> Image.Image:
        """The same for Pillow, which copies colours; once for all that look at it."""
        return Image.fromarray(self.pixels[..., 0] if self.pixels.shape[2] == 1 else self.pixels)


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Turn and mirror stored pixels as the EXIF orientation, 1 to 8, asks."""
    if orientation == 1:
        return pixels
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    rows = slice(None, None, -1 if orientation in {3, 4, 7, 8} else 1)
    columns = slice(None, None, -1 if orientation in {2, 3, 6, 7} else 1)
    return np.ascontiguousarray(pixels[rows, columns])


def grey_if_colourless(raster: Raster) -> Raster:
    """Keep one channel where all three are equal: fewer bytes, the same picture."""
    pixels = raster.pixels
    if pixels.shape[2] == 1:
        return raster
    # A coarse look settles almost every photograph without touching all pixels.
    for part in (pixels[::16, ::16], pixels):
        red = part[..., 0]
        if not (np.array_equal(red, part[..., 1]) and np.array_equal(red, part[..., 2])):
            return raster
    return replace(raster, pixels=np.ascontiguousarray(pixels[..., :1]))
