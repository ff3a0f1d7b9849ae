"""Tiny JPEG files, all different, that are sent as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import simplejpeg

_SIDE = 16
_PER_FOLDER = 1000


def make_tiny_pictures(folder: Path, count: int) -> None:
    """Fill a folder with this many pictures of some 700 bytes; those that are there stay."""
    for number in range(count):
        path = folder / f"{number // _PER_FOLDER:04d}" / f"{number:07d}.jpg"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            random = np.random.default_rng(number)
            pixels = random.integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)
            path.write_bytes(simplejpeg.encode_jpeg(pixels, 60, "RGB", "444"))
