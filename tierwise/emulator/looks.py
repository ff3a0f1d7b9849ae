"""What a picture looks like: the measures that every answer is made from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tierwise.emulator.sight import Seen, SeenPixels
from tierwise.emulator.text_texture import faint_blocks, text_blocks

Vector = NDArray[np.float32]

_BINS = 9


@dataclass(frozen=True, slots=True)
class Look:
    """Shares are 0 to 1. `width` and `height` are px as sent, upright.

    `signature` (16 x 16 grey) tells whether two files are one picture. `shape`, empty unless asked
    for, and `colour` compare pictures; so do `features`, those of a network, empty unless it is
    seen by one. `coarse` is a handful of averages that hardly change when a file is compressed
    again. `picture` is the SHA-256 of the bytes that it is of, with its place on a contact sheet.
    """

    width: int
    height: int
    brightness: float
    contrast: float
    saturation: float
    detail: float
    flat: float
    white: float
    skin: float
    green: float
    blue_above: float
    hues: tuple[float, ...]
    text: int
    faint_text: int
    signature: Vector
    shape: tuple[Vector, ...]
    colour: Vector
    coarse: Vector
    features: Vector = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    picture: str = ""


def look_at(seen: Seen, *, shape: bool = False) -> Look:
    """The measures of a seen picture; `shape` takes as long as all the others, so only if asked."""
    image = Image.fromarray(seen.pixels)
    small = np.asarray(image.resize((64, 64), Image.Resampling.BOX), dtype=np.float32)
    hsv = np.asarray(image.resize((64, 64), Image.Resampling.BOX).convert("HSV"))
    grey_image = image.convert("L")
    grey = np.asarray(grey_image)
    light = small.mean(axis=2)
    steps = np.abs(np.diff(grey.astype(np.int16), axis=1)) if grey.shape[1] > 1 else np.zeros(1)
    saturation = hsv[..., 1] / 255
    return Look(
        width=seen.width,
        height=seen.height,
        brightness=float(light.mean() / 255),
        contrast=float(light.std() / 128),
        saturation=float(saturation.mean()),
        detail=float((steps > 24).mean()),
        flat=float((steps <= 2).mean()),
        white=float((small.min(axis=2) > 215).mean()),
        skin=_skin(small),
        green=_hue_share(hsv, 55, 110),
        blue_above=_hue_share(hsv[:24], 125, 180),
        hues=_hues(hsv),
        text=text_blocks(grey_image),
        faint_text=faint_blocks(grey_image),
        signature=_reduced(grey_image, 16).ravel(),
        shape=_shape(grey_image) if shape else (),
        colour=_colour(small),
        coarse=_coarse(small, saturation),
    )


def _reduced(grey: Image.Image, side: int) -> Vector:
    small = grey.resize((side, side), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32)


def _hue_share(hsv: SeenPixels, low: int, high: int) -> float:
    hue, saturation, value = hsv[..., 0], hsv[..., 1], hsv[..., 2]
    return float(((hue >= low) & (hue <= high) & (saturation > 50) & (value > 50)).mean())


def _hues(hsv: SeenPixels) -> tuple[float, ...]:
    """Shares of red, orange, yellow, green, blue and purple among the coloured pixels' weight."""
    edges = (10, 28, 46, 110, 180, 235)
    which = np.searchsorted(edges, hsv[..., 0], side="right") % len(edges)
    weight = (hsv[..., 1] / 255.0) * (hsv[..., 2] / 255.0)
    shares = np.bincount(which.ravel(), weights=weight.ravel(), minlength=len(edges))
    return tuple(float(share) for share in shares / which.size)


def _skin(small: Vector) -> float:
    red, green, blue = small[..., 0], small[..., 1], small[..., 2]
    warm = (red > 95) & (green > 40) & (blue > 20) & (red > green) & (green >= blue)
    return float((warm & (red - blue > 15) & (red - blue < 130) & (red - green > 10)).mean())


def _shape(grey: Image.Image) -> tuple[Vector, ...]:
    """Histograms of edge directions, coarse outlines first, fine detail last."""
    scales = ((48, 6), (128, 8), (256, 8))
    return tuple(_directions(grey, side, cells) for side, cells in scales)


def _directions(grey: Image.Image, side: int, cells: int) -> Vector:
    """Edge directions in `cells` x `cells` parts of the picture at `side` px, each of length 1."""
    pixels = np.asarray(grey.resize((side, side), Image.Resampling.BILINEAR), dtype=np.float32)
    down, across = np.gradient(pixels)
    strength = np.hypot(down, across)
    direction = (np.arctan2(down, across) / np.pi % 1.0 * _BINS).astype(np.int32) % _BINS
    step = side // cells
    rows, columns = np.indices(pixels.shape) // step
    part = (rows * cells + columns) * _BINS + direction
    sums = np.bincount(part.ravel(), weights=strength.ravel(), minlength=cells * cells * _BINS)
    histogram = np.sqrt(sums.reshape(cells * cells, _BINS))
    histogram /= np.linalg.norm(histogram) + 1e-6
    return np.asarray(histogram.ravel(), dtype=np.float32)


def _colour(small: Vector) -> Vector:
    """Shares of 64 colours over the whole and over the middle of the picture."""
    levels = np.minimum(small // 64, 3).astype(np.int32)
    which = levels[..., 0] * 16 + levels[..., 1] * 4 + levels[..., 2]
    whole = np.bincount(which.ravel(), minlength=64) / which.size
    middle = which[16:48, 16:48]
    shares = np.concatenate([whole, np.bincount(middle.ravel(), minlength=64) / middle.size])
    return np.asarray(np.sqrt(shares), dtype=np.float32)


def _coarse(small: Vector, saturation: NDArray[np.float64]) -> Vector:
    """Averages of a 4 x 4 grid in three colours, and of the saturation, around zero."""
    grid = small.reshape(4, 16, 4, 16, 3).mean(axis=(1, 3)) / 255 - 0.5
    return np.append(grid.ravel(), saturation.mean() - 0.5).astype(np.float32)
