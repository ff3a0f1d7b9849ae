"""Pixels that are at hand as a small JPEG, for people to look at."""

from __future__ import annotations

import numpy as np
import simplejpeg
from PIL import Image

from tierwise.images.raster import Pixels

# Px of the longest side; some 4 KB of a photograph.
LONGEST_SIDE = 160
QUALITY = 70


def small_copy(pixels: Pixels) -> bytes:
    """A JPEG of pixels that are at hand, at most 160 px long."""
    height, width, channels = pixels.shape
    longest = max(width, height)
    size = [max(1, round(side * min(1.0, LONGEST_SIDE / longest))) for side in (width, height)]
    image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
    small = image.resize((size[0], size[1]), Image.Resampling.HAMMING, reducing_gap=2.0)
    colours = ("GRAY", "Gray") if channels == 1 else ("RGB", "420")
    rows = np.asarray(small).reshape(size[1], size[0], channels)
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(rows), QUALITY, *colours))
