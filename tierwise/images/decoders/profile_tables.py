"""Matrix profiles (Display P3, Adobe RGB and their like) by look-up, in at most 0.4 of lcms's time.

Their channels add up in linear light, so tables hold what each code gives to red, green and blue,
and one more turns the sums into sRGB. Red and green are looked up together. Where blue gives
nothing to them, as in both of these spaces, their sums are known then, and looked up as sRGB. The
tables are read off lcms, and kept only where they repeat its colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwise.images.decoders.vips import VIPS_ERRORS, from_pixels, with_profile
from tierwise.images.raster import Pixels

# Three sums of 16 bits lie side by side in 64. Each part of a sum is raised by 1.0, because those
# of colours that sRGB lacks are negative and would borrow from their neighbour.
_ONE = 8192
_RAISED = 3
_LANES = 4
_NOTHING = 4  # of `_ONE`: profiles round their matrices
_AT_ONCE = 65_536  # px; what lies between the steps stays in the processor's cache
_SAME_WITHIN = 2
_LCMS = {"embedded": True, "intent": "relative", "black_point_compensation": True}


@dataclass(frozen=True, slots=True)
class Tables:
    """What each red and green, and each blue, give to three sums.

    The first `coded` sums are sRGB already.
    """

    pairs: NDArray[np.uint64]
    blues: NDArray[np.uint64]
    coded: int


def by_tables(pixels: Pixels, tables: Tables) -> Pixels:
    """Convert RGB pixels to sRGB."""
    pixels = np.ascontiguousarray(pixels)
    converted = np.empty_like(pixels)
    rows = max(1, _AT_ONCE // pixels.shape[1])
    for top in range(0, pixels.shape[0], rows):
        part, into = pixels[top : top + rows], converted[top : top + rows]
        # Red and green lie side by side: read as one number. Codes always fit their table; "clip"
        # only spares the check.
        light = tables.pairs.take(part[..., :2].view(np.uint16)[..., 0], mode="clip")
        light += tables.blues.take(part[..., 2], mode="clip")
        sums = _lanes(light)
        for channel in range(3):
            one = sums[..., channel]
            into[..., channel] = one if channel < tables.coded else _CODES.take(one, mode="clip")
    return converted


@lru_cache(maxsize=16)
def tables_of(profile: bytes) -> Tables | None:
    """Build the tables of an RGB profile; None when it is not a matrix profile, or a broken one."""
    levels = (0, 51, 102, 153, 204, 255)
    colours = np.array([list(product(levels, repeat=3))], dtype=np.uint8)
    ramps = np.zeros((3, 256, 3), dtype=np.uint8)
    for channel in range(3):
        ramps[channel, :, channel] = np.arange(256)
    try:
        light = _pixels(_with(ramps, profile).icc_import(pcs="xyz", **_LCMS), np.float32)
        fine = _pixels(_with(colours, profile).icc_transform("srgb", depth=16, **_LCMS), np.uint16)
    except VIPS_ERRORS:
        return None
    grid = sum(light[channel][colours[0, :, channel]] for channel in range(3))
    parts = light @ _fitted(grid, fine[0] / 65535)
    if parts.min() < -1 or parts.max(axis=1).sum(axis=0).max() + _RAISED >= 65535 / _ONE:
        return None
    tables = _tables(np.round(parts * _ONE).astype(int))
    off = np.abs(by_tables(colours, tables) - fine / 257)
    return tables if off.max() <= _SAME_WITHIN else None


def _tables(parts: NDArray[Any]) -> Tables:
    """Lay out what each code of each channel (3 x 256) gives to the three sums, in `_ONE`."""
    blue_apart = bool(np.abs(parts[2, :, :2]).max() <= _NOTHING)
    reds, greens, blues = (np.zeros(256, dtype=np.uint64) for _ in range(3))
    for table, part in zip((reds, greens, blues), parts, strict=True):
        _lanes(table)[:, :3] = part + _ONE
    codes = np.arange(65_536, dtype=np.uint16).view(np.uint8).reshape(-1, 2)
    pairs = reds[codes[:, 0]] + greens[codes[:, 1]]
    if blue_apart:
        known = _lanes(pairs)[:, :2]
        known[:] = _CODES[known + _ONE]
        _lanes(blues)[:, :2] = 0
    return Tables(pairs, blues, 2 if blue_apart else 0)


def _lanes(sums: NDArray[np.uint64]) -> NDArray[np.uint16]:
    return sums.view(np.uint16).reshape(*sums.shape, _LANES)


def _fitted(light: NDArray[Any], codes: NDArray[Any]) -> NDArray[np.float64]:
    """Fit the matrix from the profile's light to that of sRGB, leaving out what was clipped."""
    want = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    columns = []
    for channel in range(3):
        inside = (codes[:, channel] > 0) & (codes[:, channel] < 1)
        columns.append(np.linalg.lstsq(light[inside], want[inside, channel])[0])
    return np.stack(columns, axis=1)


def _with(pixels: Pixels, profile: bytes) -> Any:
    return with_profile(from_pixels(pixels), profile)


def _pixels(image: Any, kind: type[Any]) -> NDArray[Any]:
    memory = np.frombuffer(image.write_to_memory(), dtype=kind)
    return memory.reshape(image.height, image.width, image.bands)


def _srgb_codes() -> NDArray[np.uint8]:
    """Return the sRGB code of each possible sum."""
    light = np.clip(np.arange(65536) / _ONE - _RAISED, 0, 1)
    curve = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(curve * 255).astype(np.uint8)


_CODES = _srgb_codes()
