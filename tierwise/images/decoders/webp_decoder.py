"""Opaque WebP, scaled while it is decoded, by the libwebp that Pillow's wheel carries.

It works with vector instructions, which the one in the libvips wheel does without: a quarter less
time. Pillow does not pass on that libwebp can scale, so its C API is called; the first call tells
libwebp which layout of structures is meant (ABI 0x02xx), and it refuses any other. Where that
library is not found, or refuses, libvips decodes.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from tierwise.images.decoders.colour import is_plain
from tierwise.images.decoders.original import Original, WantedView
from tierwise.images.decoders.private_libraries import private_library
from tierwise.images.decoders.scaled import finished_pixels
from tierwise.images.decoders.vips_decoder import decode_with_vips
from tierwise.images.raster import Pixels, Raster, fitted, upright

# libwebp averages areas while it decodes, which softens small text. With this much left to Lanczos
# photographs keep 47 dB and more, at 44 dB a tenth less time would do.
MARGIN = 2.0
_ABI = 0x0209


class _Features(ctypes.Structure):
    _fields_ = (
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("has_alpha", ctypes.c_int),
        ("has_animation", ctypes.c_int),
        ("format", ctypes.c_int),
        ("reserved", ctypes.c_uint32 * 5),
    )


class _Rgba(ctypes.Structure):
    _fields_ = (
        ("pixels", ctypes.c_void_p),
        ("stride", ctypes.c_int),
        ("size", ctypes.c_size_t),
        ("room_of_planes", ctypes.c_uint8 * 56),  # the C structure is a union with a larger one
    )


class _Output(ctypes.Structure):
    _fields_ = (
        ("colourspace", ctypes.c_int),  # 0 is RGB
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("is_external_memory", ctypes.c_int),
        ("rgba", _Rgba),
        ("reserved", ctypes.c_uint32 * 4),
        ("private_memory", ctypes.c_void_p),
    )


class _Options(ctypes.Structure):
    _fields_ = (
        ("bypass_filtering", ctypes.c_int),
        ("no_fancy_upsampling", ctypes.c_int),
        ("use_cropping", ctypes.c_int),
        ("crop", ctypes.c_int * 4),
        ("use_scaling", ctypes.c_int),
        ("scaled_width", ctypes.c_int),
        ("scaled_height", ctypes.c_int),
        ("use_threads", ctypes.c_int),
        ("dithering_strength", ctypes.c_int),
        ("flip", ctypes.c_int),
        ("alpha_dithering_strength", ctypes.c_int),
        ("reserved", ctypes.c_uint32 * 5),
    )


class _Config(ctypes.Structure):
    _fields_ = (("input", _Features), ("output", _Output), ("options", _Options))


_pointer, _number = ctypes.c_void_p, ctypes.c_int
_bytes = (ctypes.c_char_p, ctypes.c_size_t)
_libwebp: Any = private_library(
    "PIL._webp",
    {
        "WebPInitDecoderConfigInternal": (_number, (_pointer, _number)),
        "WebPGetFeaturesInternal": (_number, (*_bytes, _pointer, _number)),
        "WebPDecode": (_number, (*_bytes, _pointer)),
    },
)


def decode_webp(original: Original, view: WantedView) -> Raster:
    """Decode an opaque still picture; libvips takes all others, and says what is wrong.

    Raises:
        ImageError: `unreadable` or `too_large`.
    """
    header = original.header
    width, height = fitted(*header.upright_size, view.side)
    if header.orientation >= 5:
        width, height = height, width
    decoded = (
        min(header.width, round(width * MARGIN)),
        min(header.height, round(height * MARGIN)),
    )
    if header.frames > 1 or (pixels := decode_scaled(original, decoded)) is None:
        return decode_with_vips(original, view)
    plain = is_plain(header.profile, header.channels)
    if not plain or decoded != (width, height):
        profile = b"" if plain else header.profile
        pixels = finished_pixels(pixels, decoded, (width, height), profile)
    return Raster(upright(pixels, header.orientation), *header.upright_size, altered=not plain)


def decode_scaled(original: Original, size: tuple[int, int]) -> Pixels | None:
    """Decode to this size as stored; None for what is not opaque, not still, or not whole."""
    if _libwebp is None:
        return None
    data, config = original.data, _Config()
    stored = (original.header.width, original.header.height)
    known = _libwebp.WebPInitDecoderConfigInternal(ctypes.byref(config), _ABI)
    found = config.input
    if not known or _libwebp.WebPGetFeaturesInternal(data, len(data), ctypes.byref(found), _ABI):
        return None
    if found.has_alpha or found.has_animation or (found.width, found.height) != stored:
        return None
    pixels = np.empty((size[1], size[0], 3), dtype=np.uint8)
    options, output = config.options, config.output
    options.use_scaling = size != stored
    options.scaled_width, options.scaled_height = size
    output.is_external_memory = 1
    output.rgba.pixels = pixels.ctypes.data
    output.rgba.stride, output.rgba.size = size[0] * 3, pixels.nbytes
    return None if _libwebp.WebPDecode(data, len(data), ctypes.byref(config)) else pixels
