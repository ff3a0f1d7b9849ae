"""The eye: decodes a picture and keeps the pixels that its media resolution affords.

A picture larger than `tierwise.tiers.worth_sending` is averaged down to that size, so detail finer
than a pixel of the smaller picture is gone for good; a smaller one is not enlarged.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from pillow_heif import register_heif_opener

from tierwise.emulator.refusals import Refusal
from tierwise.models import Model
from tierwise.records import MediaResolution
from tierwise.tiers import worth_sending

register_heif_opener()

SeenPixels = NDArray[np.uint8]

_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
_MAX_PIXELS = 100_000_000
_ORIENTATION, _SIDEWAYS = 0x0112, 5
_UNABLE = "Unable to process input image. Please retry or report."
# What Pillow raises for broken files.
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the eye has: the upright size in px as sent, and at most as many RGB pixels."""

    width: int
    height: int
    pixels: SeenPixels


def see(data: bytes, model: Model, media_resolution: MediaResolution | None) -> Seen:
    """The picture in `data` as the model sees it.

    Raises:
      Refusal: 400, the bytes are not a picture, or are a broken one.
    """
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            size = _upright_size(image)
            affords = max(worth_sending(model.name, media_resolution, *size))
            return Seen(*size, np.asarray(_decoded(image, affords), dtype=np.uint8))
    except _BROKEN as error:
        raise Refusal(400, _UNABLE) from error


def see_at_full_size(data: bytes) -> Image.Image:
    """The upright RGB picture in `data` with all its pixels.

    Raises:
      Refusal: 400, the bytes are not a picture, or are a broken one.
    """
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            return _decoded(image, max(_upright_size(image)))
    except _BROKEN as error:
        raise Refusal(400, _UNABLE) from error


def open_picture(data: bytes, longest_side: int) -> Image.Image:
    """The upright RGB picture, at most `longest_side` px; raises OSError for a broken one."""
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            return _decoded(image, longest_side)
    except _BROKEN as error:
        raise OSError(str(error)) from error


def upright_size(data: bytes) -> tuple[int, int]:
    """Width and height in px as the model counts them, by the picture's head alone.

    Raises:
      Refusal: 400, the bytes are not a picture.
    """
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            return _upright_size(image)
    except _BROKEN as error:
        raise Refusal(400, _UNABLE) from error


def _upright_size(image: Image.Image) -> tuple[int, int]:
    if image.width * image.height > _MAX_PIXELS:
        raise ValueError(f"{image.width} x {image.height} px")
    sideways = image.getexif().get(_ORIENTATION, 1) >= _SIDEWAYS
    return image.size[::-1] if sideways else image.size


def _decoded(image: Image.Image, longest_side: int) -> Image.Image:
    # The draft skips most of the decoding where an eighth to a half of the pixels are kept.
    image.draft("RGB", _fit(image.size, longest_side))
    plain = _on_white(ImageOps.exif_transpose(image))
    if max(plain.size) <= longest_side:
        return plain
    return plain.resize(_fit(plain.size, longest_side), Image.Resampling.LANCZOS)


def _fit(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """A size of the same shape whose longest side is at most `longest`."""
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    return image.convert("RGB")
