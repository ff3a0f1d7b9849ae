"""BMP, JPEG 2000, AVIF, animated PNG, and what libvips refuses of GIF and TIFF, through Pillow."""

from __future__ import annotations

import io
import struct
import warnings
from typing import Any

import numpy as np
import pyvips
from PIL import Image, ImageFile, ImageOps

from tierwise.errors import ImageError
from tierwise.images.header import Header, check_size
from tierwise.images.limits import Limits
from tierwise.images.raster import Raster
from tierwise.images.vips import VipsError, first_line, with_profile
from tierwise.images.vips_decoder import finish
from tierwise.records import Reason

# Only these plugins are asked: the others include ones that start programs or take 600 MB for a
# kilobyte.
_PLUGINS = {
    "bmp": ("BMP", "DIB"),
    "jp2": ("JPEG2000",),
    "avif": ("AVIF",),
    "png": ("PNG",),
    "gif": ("GIF",),
    "tiff": ("TIFF",),
}
# What Pillow's plugins raise on broken files, seen on real ones.
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    ArithmeticError,
    TypeError,
    AttributeError,
    RuntimeError,
    struct.error,
)
_PIXEL_BYTES = 4
_INTEGER_BYTES = 16  # OpenJPEG holds four components as 32-bit integers

Image.MAX_IMAGE_PIXELS = None  # `check_size` refuses earlier, and by our own limit


def decode_with_pillow(
    data: bytes,
    header: Header,
    *,
    page: int,
    side: int,
    background: str,
    name: str,
    limits: Limits,
) -> Raster:
    """Decode one page or frame to the longest side `side` px.

    Raises:
        ImageError: `unreadable` or `too_large`.
    """
    ImageFile.LOAD_TRUNCATED_IMAGES = limits.accept_truncated
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=_PLUGINS[header.format])
            held = _INTEGER_BYTES if header.format == "jp2" else 2 * _PIXEL_BYTES
            width, height = image.size
            check_size(width, height, held=width * height * held, name=name, limits=limits)
            if page:
                image.seek(page)
                width, height = image.size
                check_size(width, height, held=width * height * held, name=name, limits=limits)
            image.load()
            profile = image.info.get("icc_profile") or b""
            turned = ImageOps.exif_transpose(image)
    except _BROKEN as error:
        raise ImageError(
            Reason.UNREADABLE,
            f"{name}: {header.format.upper()} that cannot be decoded: {first_line(error)}.",
        ) from error
    wrapped = _to_vips(turned)
    if profile:
        wrapped = with_profile(wrapped, profile)
    try:
        return finish(wrapped, turned.size, side=side, background=background)
    except VipsError as error:
        raise ImageError(
            Reason.UNREADABLE,
            f"{name}: {header.format.upper()} whose colours cannot be read: {first_line(error)}.",
        ) from error


def count_frames(data: bytes, header: Header) -> int:
    """Count the frames of an animation; 1 when the file does not tell."""
    try:
        with Image.open(io.BytesIO(data), formats=_PLUGINS[header.format]) as image:
            return int(getattr(image, "n_frames", 1))
    except _BROKEN:
        return 1


def _to_vips(image: Image.Image) -> Any:
    if image.mode == "LAB":
        lab = np.asarray(image)
        scaled = np.stack(
            [lab[..., 0] * (100 / 255), lab[..., 1].view(np.int8), lab[..., 2].view(np.int8)],
            axis=-1,
        ).astype(np.float32)
        return pyvips.Image.new_from_array(scaled, interpretation="lab")
    if image.mode.startswith("I"):
        deep = np.clip(np.asarray(image), 0, 65535).astype(np.uint16)
        return pyvips.Image.new_from_array(deep, interpretation="grey16")
    if image.mode == "CMYK":
        return pyvips.Image.new_from_array(np.asarray(image), interpretation="cmyk")
    if image.mode == "1":
        image = image.convert("L")
    elif image.mode == "F":
        image = image.convert("L")
    elif image.mode not in {"L", "RGB", "RGBA"}:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    pixels = np.asarray(image)
    return pyvips.Image.new_from_array(pixels, interpretation="b-w" if pixels.ndim == 2 else "srgb")
