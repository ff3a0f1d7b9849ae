"""Samples that are not 8 bit, made 8 bit so that the picture shows; and in what range they were.

By the file's tags, where it has them. Else by the range that such samples have by custom, where
they keep to it: 0 to 1 or 0 to 255 for floating point, 10, 12 or 14 bits in 16. Else by their own
range. Without this, a picture of 12 bits in 16 is black, and a height map white.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwise.images.raster import Pixels

Samples = NDArray[Any]

_FEWER_BITS = (8, 10, 12, 14)
# Lanczos overshoots sharp edges by a tenth.
_OVERSHOOT = 1.12
# A range that begins higher than this part of what its bits can tell is taken as its own.
_RAISED = 0.1
_OUTERMOST = 0.1  # percent of the samples at either end
_MOST_LOOKED_AT = 2_000_000
_ROWS = 256


@dataclass(frozen=True, slots=True)
class Tones:
    """What becomes black, and what white; `told` says whence, for people."""

    low: float
    high: float
    told: str

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g} ({self.told})"


@dataclass(frozen=True, slots=True)
class ToldTones:
    """What a file's tags say of its samples: their range, and the value that stands for none."""

    range: tuple[float, float] | None = None
    no_data: float | None = None


def tones_of_sixteen_bits(samples: Samples, told: ToldTones) -> Tones | None:
    """The range of unsigned 16-bit samples; None where they use it, as photographs do."""
    if told.range:
        return Tones(*told.range, "tags")
    low, high = float(samples.min()), float(samples.max())
    for bits in _FEWER_BITS:
        most = (1 << bits) - 1
        if high <= most * _OVERSHOOT:
            if low > _RAISED * most:
                return _own(low, high)
            return Tones(0, most, f"{bits} bits")
    return None


def tones_of(samples: Samples, told: ToldTones) -> Tones:
    """The range of samples of any other type: signed, 32 bit or floating point."""
    if told.range:
        return Tones(*told.range, "tags")
    seen = _without_marks(samples[_sound(samples, told)])
    if not seen.size:
        return Tones(0, 1, "no sample is a number")
    low, high = float(seen.min()), float(seen.max())
    if np.issubdtype(samples.dtype, np.floating) and low >= 0:
        if high <= 1:
            return Tones(0, 1, "floating point")
        if 128 <= high <= 255:
            return Tones(0, 255, "floating point")
    some = seen[:: max(1, seen.size // _MOST_LOOKED_AT)]
    inner = np.percentile(some, (_OUTERMOST, 100 - _OUTERMOST))
    # Single samples far outside, as hot pixels are, must not hide the rest.
    if 4 * (inner[1] - inner[0]) < high - low and inner[1] > inner[0]:
        low, high = map(float, inner)
    return _own(low, high)


def eight_bits(samples: Samples, tones: Tones, told: ToldTones) -> Pixels:
    """Height x width x channels in 8 bit; what is not a number is black."""
    pixels = np.zeros(samples.shape, dtype=np.uint8)
    scale = 255 / (tones.high - tones.low)
    for top in range(0, len(samples), _ROWS):
        rows = samples[top : top + _ROWS]
        with np.errstate(invalid="ignore", over="ignore"):
            levels = (rows.astype(np.float64) - tones.low) * scale + 0.5
        levels[~_sound(rows, told)] = 0
        pixels[top : top + _ROWS] = np.clip(levels, 0, 255)
    return pixels


def _without_marks(seen: Samples) -> Samples:
    """Leave out one value far from all others at either end: it stands for missing data."""
    for _ in range(2):
        low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 0.0)
        inside = seen[(seen > low) & (seen < high)]
        if not inside.size:
            break
        if inside.min() - low > high - float(inside.min()):
            seen = seen[seen > low]
        elif high - inside.max() > float(inside.max()) - low:
            seen = seen[seen < high]
    return seen


def _own(low: float, high: float) -> Tones:
    return Tones(low, high if high > low else low + 1, "own range")


def _sound(samples: Samples, told: ToldTones) -> NDArray[np.bool_]:
    sound = np.isfinite(samples)
    if told.no_data is not None:
        sound &= samples != samples.dtype.type(told.no_data)
    return np.asarray(sound)
