"""Lanczos to an exact size, from pictures whose right and bottom edge lie within a pixel.

A decoder that scales by 1/4 makes 1055 columns of 4217, the last of them for a quarter. Taking all
1055 for the picture would stretch it by a third of a pixel of the result, which costs 10 dB on fine
detail. So the true extent decides the scale. libvips then centres what it resamples, which would
still shift by up to a quarter of a pixel; a few more columns make the sum come out even:

    |<---- extent ---->|..padding..|      (columns + padding) / factor is nearly a whole number,
    |<- size ->|..cut off..|              so there is nothing to centre
"""

from __future__ import annotations

import numpy as np

from tierwise.images.decoders.vips import from_pixels, to_pixels
from tierwise.images.raster import Pixels

_KERNEL = "lanczos3"
_MOST_PADDING = 48
# Remainders below this many px shift nothing that can be measured.
_EVEN = 0.02


def resampled(pixels: Pixels, extent: tuple[float, float], size: tuple[int, int]) -> Pixels:
    """Resample the part from the origin to `extent` (px of `pixels`) to exactly `size` (px)."""
    image = from_pixels(pixels)
    columns = image.width + _padding(image.width, extent[0] / size[0])
    rows = image.height + _padding(image.height, extent[1] / size[1])
    if (columns, rows) != (image.width, image.height):
        image = image.embed(0, 0, columns, rows, extend="copy")
    across, down = size[0] / extent[0], size[1] / extent[1]
    if image.bands == 1:
        # Across a single channel libvips works pixel by pixel, down it works with vectors. So the
        # picture is turned between the two: a third of the time.
        low = _turned(to_pixels(image.resize(1, vscale=down, kernel=_KERNEL)))
        small = _turned(to_pixels(from_pixels(low).resize(1, vscale=across, kernel=_KERNEL)))
    else:
        small = to_pixels(image.resize(across, vscale=down, kernel=_KERNEL))
    return np.ascontiguousarray(small[: size[1], : size[0]])


def _turned(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(pixels.transpose(1, 0, 2))


def _padding(side: int, factor: float) -> int:
    """Return how many px to add so that `side` divides by `factor` with least remainder."""
    best, least = 0, 1.0
    for padding in range(_MOST_PADDING):
        parts = (side + padding) / factor
        remainder = abs(parts - round(parts)) * factor
        if remainder < least:
            best, least = padding, remainder
        if least < _EVEN:
            break
    return best
