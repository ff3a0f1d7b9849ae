"""Pixels that are at hand as a small JPEG, for people to look at."""

from __future__ import annotations

import numpy as np
import simplejpeg
from PIL import Image

from tierwise.images.raster import Raster

# Px of the longest side; some 4 KB of a photograph.
LONGEST_SIDE = 160
QUALITY = 70
# How many times too large means of whole pixels may be; the filter does the rest. At 2.0 it costs
# twice as much, and nobody sees the difference at this size.
_GAP = 1.0


def small_copy(raster: Raster) -> bytes:
    """A JPEG of pixels that are at hand, at most 160 px long."""
    longest = max(raster.size)
    width, height = (max(1, round(side * min(1, LONGEST_SIDE / longest))) for side in raster.size)
    small = raster.image.resize((width, height), Image.Resampling.HAMMING, reducing_gap=_GAP)
    colours = ("GRAY", "Gray") if small.mode == "L" else ("RGB", "420")
    pixels = np.asarray(small).reshape(height, width, -1)
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), QUALITY, *colours))
