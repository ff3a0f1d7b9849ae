"""Something opaque under what is transparent, on which the picture can be seen.

White, as paper is. Where white would hide the picture, as it does a white logo, a grey or black
ground that hides less. A picture that its transparency hides wholly is shown without: alpha planes
of zeros are left by programs that never knew them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwise.images.raster import Pixels

# Levels of luma out of 255 within which a colour is lost on its ground.
_ALIKE = 32
# Of what is visible, the share that a white ground may hide.
_HIDDEN = 0.25
_GROUNDS = ((255, 255, 255), (0, 0, 0), (128, 128, 128))
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)

Colour = tuple[int, int, int]


def on_ground(pixels: Pixels, background: str) -> Pixels:
    """Lay RGBA over a ground (`#rrggbb`); an empty one is taken so that it shows the picture."""
    alpha = pixels[..., 3:].astype(np.float32) / np.float32(255)
    colours = pixels[..., :3].astype(np.float32)
    ground = colour(background) if background else _showing(colours, alpha[..., 0])
    mixed = colours * alpha + np.array(ground, dtype=np.float32) * (1 - alpha)
    return np.asarray((mixed + 0.5).astype(np.uint8))


def colour(text: str) -> Colour:
    """Read `#rrggbb` into red, green and blue."""
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue


def _showing(colours: NDArray[Any], alpha: NDArray[Any]) -> Colour:
    luma, visible = colours @ _LUMA, float(alpha.sum())
    if not visible:
        return _GROUNDS[0]

    def hidden(ground: Colour) -> float:
        alike = np.abs(luma - np.dot(ground, _LUMA)) < _ALIKE
        return float(alpha[alike].sum()) / visible

    if hidden(_GROUNDS[0]) <= _HIDDEN:
        return _GROUNDS[0]
    return min(_GROUNDS, key=hidden)
