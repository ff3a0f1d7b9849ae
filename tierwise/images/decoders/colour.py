"""Embedded profiles to sRGB."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from tierwise.images.decoders.profile_tables import by_tables, tables_of
from tierwise.images.decoders.vips import VIPS_ERRORS, from_pixels, to_pixels, with_profile
from tierwise.images.raster import Pixels

# Many files carry sRGB in one of a hundred spellings; within this many levels of 255 it is sRGB.
_SAME_WITHIN = 2
_SPACES = {b"RGB ": 3, b"GRAY": 1, b"CMYK": 4, b"Lab ": 3}
_LARGEST_PROFILE = 4_000_000


def is_plain(profile: bytes, channels: int) -> bool:
    """Tell whether pixels with this profile can be taken as sRGB just so.

    True without a profile, for sRGB under any name, for a profile that fits no such picture (it is
    ignored, as browsers do), and for one that is broken.
    """
    if len(profile) < 128 or len(profile) > _LARGEST_PROFILE:
        return True
    if _SPACES.get(profile[16:20]) != channels:
        return True
    return channels == 3 and _is_srgb(profile)


def to_srgb(pixels: Pixels, profile: bytes) -> Pixels:
    """Convert grey or RGB pixels from their profile to sRGB; the profile must not be plain.

    Raises:
        pyvips.Error: the profile cannot be used.
    """
    tables = tables_of(profile) if pixels.shape[2] == 3 else None
    return _by_lcms(pixels, profile) if tables is None else by_tables(pixels, tables)


def _by_lcms(pixels: Pixels, profile: bytes) -> Pixels:
    image: Any = with_profile(from_pixels(pixels), profile)
    return to_pixels(
        image.icc_transform("srgb", embedded=True, intent="relative", black_point_compensation=True)
    )


@lru_cache(maxsize=64)
def _is_srgb(profile: bytes) -> bool:
    """Convert a grid of colours and see whether anything moves."""
    levels = (0, 51, 102, 153, 204, 255)
    grid = np.array([list(product(levels, repeat=3))], dtype=np.uint8)
    try:
        after = _by_lcms(grid, profile)
    except VIPS_ERRORS:
        return True
    return bool(np.abs(after.astype(int) - grid.astype(int)).max() <= _SAME_WITHIN)
