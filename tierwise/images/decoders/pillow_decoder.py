"""BMP, JPEG 2000, AVIF, animated PNG, and what libvips refuses of GIF and TIFF, through Pillow."""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pyvips
from PIL import Image, ImageFile, ImageOps, TiffImagePlugin

from tierwise.images.decoders.bitmap_runs import lost_a_stretch, without_runs
from tierwise.images.decoders.coded_colours import coded_colours, from_coded
from tierwise.images.decoders.complaints import failed, forget
from tierwise.images.decoders.finishing import finished
from tierwise.images.decoders.original import Original, WantedView
from tierwise.images.decoders.tones import ToldTones, eight_bits, tones_of
from tierwise.images.decoders.vips import VIPS_ERRORS, from_pixels, with_profile
from tierwise.images.headers.plain_headers import jp2_levels
from tierwise.images.raster import Raster

# Only these plugins are asked: the others include ones that start programs or take 600 MB for a
# kilobyte.
_PLUGINS = {
    "bmp": ("BMP", "DIB"),
    "jp2": ("JPEG2000",),
    "avif": ("AVIF",),
    "png": ("PNG",),
    "gif": ("GIF",),
    "tiff": ("TIFF",),
    "psd": ("PSD",),
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
# Bytes held per pixel: the decoder's own, Pillow's four, and those of a copy in another mode.
_HELD = {"bmp": 6, "jp2": 20, "avif": 14}
_HELD_OTHERWISE = 8
_COLOURS = 3
_REDUCIBLE = {"L", "RGB", "CMYK"}
_DEEP, _SIXTEEN_BITS = {"I", "F"}, {"I;16", "I;16L", "I;16B"}

Image.MAX_IMAGE_PIXELS = None  # sizes are checked here, and by our own limit
# Pillow itself takes uncompressed YCbCr for RGB, and does not notice where strips end early.
TiffImagePlugin.READ_LIBTIFF = True


def decode_with_pillow(original: Original, view: WantedView) -> Raster:
    """Decode one page or frame.

    Raises:
        ImageError: `unreadable` or `too_large`.
    """
    forget()
    ImageFile.LOAD_TRUNCATED_IMAGES = lenient = original.limits.accept_truncated
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image, size = _opened(original, view)
            image.load()
            if (heard := failed()) and not lenient:
                raise original.unreadable(heard)
            profile = image.info.get("icc_profile")
            ImageOps.exif_transpose(image, in_place=True)
            if original.header.format == "psd" and original.header.channels == _COLOURS:
                image = image.convert("RGB")  # a fourth channel is an editor's selection
            small = _reduced(_of_known_mode(image), max(view.size(*size)))
    except _BROKEN as error:
        raise original.unreadable(error) from error
    if (size[0] < size[1]) != (small.width < small.height):
        size = size[::-1]
    wrapped, tones = _to_vips(small)
    if profile:
        wrapped = with_profile(wrapped, profile)
    try:
        raster = finished(wrapped, lambda: wrapped, size, view)
    except VIPS_ERRORS as error:
        raise original.unreadable(error) from error
    if tones:
        return replace(raster, tones=tones, altered=True)
    if profile or original.header.format != "avif":
        return raster
    return from_coded(raster, *coded_colours(original.data))


def count_frames(original: Original) -> int:
    """Count the frames of an animation; 1 when the file does not tell."""
    try:
        with Image.open(
            io.BytesIO(original.data), formats=_PLUGINS[original.header.format]
        ) as image:
            return int(getattr(image, "n_frames", 1))
    except _BROKEN:
        return 1


def _opened(original: Original, view: WantedView) -> tuple[Image.Image, tuple[int, int]]:
    """Open lazily, check the size, and return it as stored, before any scaled decoding."""
    found = original.header.format
    data = original.data
    if found == "bmp":
        lenient = original.limits.accept_truncated
        data = without_runs(data, lenient=lenient)
        if data is original.data and not lenient and lost_a_stretch(data):
            raise original.damaged("a stretch of it is lost")
    image = Image.open(io.BytesIO(data), formats=_PLUGINS[found])
    page = original.header.pages[view.frame] if found == "tiff" else None
    if page and page.sub >= 0:
        raise original.unreadable("its picture lies below its directories")
    if frame := page.place if page else view.frame:
        image.seek(frame)
    size = image.size
    halvings = _halvings(original, max(size), max(view.size(*size))) if found == "jp2" else 0
    held = size[0] * size[1] * _HELD.get(found, _HELD_OTHERWISE) // 4**halvings
    original.check_size(*size, held=held)
    if halvings:
        image.reduce = halvings  # type: ignore[assignment, method-assign]
    return image, size


def _of_known_mode(image: Image.Image) -> Image.Image:
    if image.mode == "1":
        return image.convert("L")
    if image.mode in {"L", "RGB", "RGBA", "CMYK", "LAB", *_DEEP, *_SIXTEEN_BITS}:
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _reduced(image: Image.Image, side: int) -> Image.Image:
    """Average squares of pixels where twice the wanted size remains: the rest holds less."""
    spare = max(image.size) // (2 * side)
    if spare < 2 or image.mode not in _REDUCIBLE:
        return image
    # Files of JPEG 2000 have a number where pictures have this method.
    return Image.Image.reduce(image, 1 << (spare.bit_length() - 1))


def _halvings(original: Original, longest: int, side: int) -> int:
    """Return how often JPEG 2000 may be halved so that twice the wanted size remains."""
    halvings = 0
    while halvings < jp2_levels(original.data) and longest >> (halvings + 1) >= 2 * side:
        halvings += 1
    return halvings


def _to_vips(image: Image.Image) -> tuple[Any, str]:
    """The picture, and how its samples were stretched, if they were here."""
    if image.mode in _DEEP:
        told = ToldTones()
        tones = tones_of(np.asarray(image), told)
        return from_pixels(eight_bits(np.asarray(image)[..., None], tones, told)), str(tones)
    return _plain(image), ""


def _plain(image: Image.Image) -> Any:
    if image.mode == "LAB":
        lab = np.asarray(image)
        lightness = lab[..., 0] * np.float32(100 / 255)
        tints = lab[..., 1:].view(np.int8).astype(np.float32)
        stacked = np.concatenate([lightness[..., None], tints], axis=-1)
        return pyvips.Image.new_from_array(stacked, interpretation="lab")
    if image.mode in _SIXTEEN_BITS:
        deep = np.asarray(image).astype(np.uint16)
        return pyvips.Image.new_from_array(deep, interpretation="grey16")
    if image.mode == "CMYK":
        return pyvips.Image.new_from_array(np.asarray(image), interpretation="cmyk")
    pixels = np.asarray(image)
    return pyvips.Image.new_from_array(pixels, interpretation="b-w" if pixels.ndim == 2 else "srgb")
