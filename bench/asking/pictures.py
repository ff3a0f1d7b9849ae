"""Distinct JPEG files of about 40 KB that our optimizer passes through as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import simplejpeg

SIDE = 512
_QUALITY = 85
_COLOURS = ((0, 1, 2), (1, 2, 0), (2, 0, 1))


def make_pictures(folder: Path, count: int) -> None:
    """Fill a folder with this many pictures, at most 12,288; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    smooth = random.normal(128, 60, (16, 16, 3)).repeat(SIDE // 16, 0).repeat(SIDE // 16, 1)
    grain = random.normal(0, 4.8, (SIDE, SIDE, 1))
    base = np.clip(smooth + grain, 0, 255).astype(np.uint8)
    for number in range(count):
        path = folder / f"{number:06d}.jpg"
        if not path.exists():
            # By whole blocks of the coding, so that all files are of about one size.
            down, right = divmod(number, SIDE // 16)
            shifted = np.roll(base, (16 * down, 16 * right), (0, 1))
            turn, colours = divmod(number // (SIDE // 16) ** 2, len(_COLOURS))
            pixels = np.ascontiguousarray(np.rot90(shifted, turn)[..., _COLOURS[colours]])
            path.write_bytes(simplejpeg.encode_jpeg(pixels, _QUALITY, "RGB", "420"))
