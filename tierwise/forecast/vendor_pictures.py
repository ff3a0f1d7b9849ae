"""Tokens of a picture by other vendors' documented rules; see `facts/other_vendors.toml`."""

from __future__ import annotations

from bisect import bisect_left
from math import ceil, sqrt

_TILE_PX = 512
_TILED_SHORT_SIDE_PX = 768
_PATCH_PX = 32
_CELL_PX = 28
# OpenAI scales to this longest side first, whatever comes next.
_LONGEST_SIDE_PX = 2048


def tiles(width: int, height: int) -> int:
    """Squares of 512 px of a picture that was scaled down twice.

    >>> tiles(1024, 1024), tiles(2048, 4096), tiles(512, 512), tiles(2049, 513), tiles(2050, 513)
    (4, 6, 1, 8, 4)
    """
    width, height = _scaled(width, height, _LONGEST_SIDE_PX / max(width, height))
    width, height = _scaled(width, height, _TILED_SHORT_SIDE_PX / min(width, height))
    return ceil(width / _TILE_PX) * ceil(height / _TILE_PX)


def patches(width: int, height: int, most: int) -> int:
    """Squares of 32 px, at most `most` of them.

    >>> patches(1024, 1024, 1536), patches(1800, 2400, 1536), patches(4000, 1474, 1536)
    (1024, 1452, 1536)
    """
    width, height = _scaled(width, height, _LONGEST_SIDE_PX / max(width, height))
    if _patches(width, height) > most:
        factor = sqrt(_PATCH_PX**2 * most / (width * height))
        across, down = (side * factor / _PATCH_PX for side in (width, height))
        factor *= min(int(across) / across, int(down) / down)
        width, height = _scaled(width, height, factor)
    return _patches(width, height)


def cells(width: int, height: int, longest_side_px: int, most: int) -> int:
    """Squares of 28 px that are begun, at the largest size that keeps to both limits.

    >>> cells(1000, 1000, 1568, 1568), cells(1920, 1080, 1568, 1568), cells(3840, 2160, 2576, 4784)
    (1296, 1560, 4784)
    """
    long, short = max(width, height), min(width, height)

    def across_and_down(side: int) -> tuple[int, int]:
        return ceil(side / _CELL_PX), max(1, ceil(round(side * short / long) / _CELL_PX))

    def is_too_large(side: int) -> bool:
        across, down = across_and_down(side)
        return across * _CELL_PX > longest_side_px or across * down > most

    across, down = across_and_down(bisect_left(range(1, long + 1), True, key=is_too_large))
    return across * down


def _patches(width: int, height: int) -> int:
    return ceil(width / _PATCH_PX) * ceil(height / _PATCH_PX)


def _scaled(width: int, height: int, factor: float) -> tuple[int, int]:
    """Scaled down to whole px; a factor above 1 changes nothing."""
    if factor >= 1:
        return width, height
    return max(1, round(width * factor)), max(1, round(height * factor))
