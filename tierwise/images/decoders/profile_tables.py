"""Matrix profiles (Display P3, Adobe RGB and their like) by table look-up, at half of lcms's time.

Their channels add up in linear light, so a table per channel holds what each of its codes gives to
red, green and blue, and one more table turns the sums into sRGB. The tables are read off lcms, and
kept only where they repeat its colours.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwise.images.decoders.vips import VIPS_ERRORS, from_pixels, with_profile
from tierwise.images.raster import Pixels

Tables = NDArray[np.uint64]

# Three sums of 16 bits lie side by side in 64. Each part of a sum is raised by 1.0, because those
# of colours that sRGB lacks are negative and would borrow from their neighbour.
_ONE = 8192
_RAISED = 3
_LANES = 4
_AT_ONCE = 16_384  # px; what lies between the steps stays in the processor's cache
_SAME_WITHIN = 2
_LCMS = {"embedded": True, "intent": "relative", "black_point_compensation": True}


def by_tables(pixels: Pixels, tables: Tables) -> Pixels:
    """Convert RGB pixels to sRGB."""
    converted = np.empty_like(pixels)
    rows = max(1, _AT_ONCE // pixels.shape[1])
    for top in range(0, pixels.shape[0], rows):
        part = pixels[top : top + rows]
        # Codes always fit their table; "clip" only spares the check.
        light = tables[0].take(part[..., 0], mode="clip")
        light += tables[1].take(part[..., 1], mode="clip")
        light += tables[2].take(part[..., 2], mode="clip")
        sums = light.view(np.uint16).reshape(*light.shape, _LANES)[..., :3]
        converted[top : top + rows] = _CODES.take(sums, mode="clip")
    return converted


@lru_cache(maxsize=64)
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
    lanes = np.zeros((3, 256, _LANES), dtype=np.uint16)
    lanes[..., :3] = np.round((parts + 1) * _ONE)
    tables: Tables = lanes.view(np.uint64)[..., 0]
    off = np.abs(by_tables(colours, tables) - fine / 257)
    return tables if off.max() <= _SAME_WITHIN else None


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
