"""Routing features from the pixels that are sent, in well below a millisecond.

Differences are taken along every sixteenth row and column at full detail: a reduced picture would
no longer know how sharp it was. Colours and hash need no detail and come from 32 × 32 averages.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tierwise.images.picture import Features
from tierwise.images.raster import Pixels, Raster

_GRID = 32
_FREQUENCIES = 64
_STEP = 16
_EDGE = 48
_FLAT = 1
_COLOURS = 4


def _cosines() -> NDArray[np.float32]:
    """Rows 0 to 7 of the discrete cosine transform (type II) of 32 samples."""
    rows, samples = np.arange(8)[:, None], np.arange(_GRID)[None, :]
    return np.cos(np.pi * rows * (2 * samples + 1) / (2 * _GRID)).astype(np.float32)


_TRANSFORM = _cosines()
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def features(raster: Raster) -> Features:
    """Compute all features of a picture."""
    lines = [_green(raster.pixels[::_STEP]), _green(raster.pixels[:, ::_STEP]).T]
    steps = [line[:, 1:] - line[:, :-1] for line in lines]
    heights = [np.abs(step) for step in steps]
    bends = [np.abs(step[:, 1:] - step[:, :-1]) for step in steps]
    all_steps = sum(part.size for part in heights) or 1
    all_bends = sum(part.size for part in bends) or 1
    edges = sum(int(np.count_nonzero(part > _EDGE)) for part in heights)
    flat = sum(int(np.count_nonzero(part <= _FLAT)) for part in heights)
    grid = _grid(raster.image)
    return Features(
        sharpness=round(sum(int(part.sum(dtype=np.int64)) for part in bends) / all_bends, 3),
        text_texture=round(edges / all_steps, 4),
        flat=round(flat / all_steps, 4),
        dominant_colours=_dominant(grid),
        perceptual_hash=_hash(grid),
    )


def _green(lines: Pixels) -> NDArray[np.int16]:
    """Take green for luma: it carries most of it, and costs no arithmetic."""
    return lines[..., min(1, lines.shape[2] - 1)].astype(np.int16)


def _grid(image: Image.Image) -> NDArray[np.uint8]:
    small = image.resize((_GRID, _GRID), Image.Resampling.BOX, reducing_gap=1.0)
    grid = np.frombuffer(small.tobytes(), dtype=np.uint8).reshape(_GRID, _GRID, -1)
    return np.repeat(grid, 3, axis=2) if small.mode == "L" else grid


def _dominant(grid: NDArray[np.uint8]) -> tuple[str, ...]:
    """Name the fullest cells of a 4 × 4 × 4 colour cube by the mean colour in each."""
    colours = grid.reshape(-1, 3)
    cells = (colours >> 6) @ np.array([16, 4, 1], dtype=np.uint8)
    counts = np.bincount(cells).tolist()
    sums = [np.bincount(cells, weights=channel).tolist() for channel in colours.T]
    filled = [cell for cell, count in enumerate(counts) if count]
    fullest = sorted(filled, key=lambda cell: -counts[cell])[:_COLOURS]
    means = [[round(channel[cell] / counts[cell]) for channel in sums] for cell in fullest]
    return tuple("#{:02x}{:02x}{:02x}".format(*mean) for mean in means)


def _hash(grid: NDArray[np.uint8]) -> int:
    """Compare the 64 lowest frequencies of luma with their median, one bit each."""
    luma = grid @ _LUMA
    frequencies = (_TRANSFORM @ luma @ _TRANSFORM.T).ravel()
    middle = np.sort(frequencies[1:])[_FREQUENCIES // 2 - 1]
    return int.from_bytes(np.packbits(frequencies > middle).tobytes(), "big")
