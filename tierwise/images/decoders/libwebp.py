"""The libwebp that Pillow's wheel carries: scales while it decodes, and tells what was not read.

It works with vector instructions, which the one in the libvips wheel does without: a quarter less
time. Pillow does not pass on that libwebp can scale, so its C API is called; the first call tells
libwebp which layout of structures is meant (ABI 0x02xx), and it refuses any other.

WebP has no checksum. But its codes cannot be told apart without those before them, so that damaged
data are used up too late, which libwebp notices, or too early. It notices that too when it is given
all but the last bytes first: whole data are not decoded without them.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from tierwise.images.decoders.private_libraries import private_library
from tierwise.images.raster import Pixels

_ABI = 0x0209
_OK, _SUSPENDED = 0, 5  # VP8StatusCode
_LAST = 4
_COARSE = 8
# Encoders end with up to two bytes of zeros, some with a word.
_MOST_FILLING = 16


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
        "WebPIDecode": (_pointer, (*_bytes, _pointer)),
        "WebPIUpdate": (_number, (_pointer, *_bytes)),
        "WebPIDelete": (None, (_pointer,)),
    },
)


class UnusedDataError(ValueError):
    """The picture was decoded before its data were used up: some of it is wrong."""


def opaque_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of an opaque still picture; None of any other, and without this library."""
    config = _config(data)
    if config is None or config.input.has_alpha or config.input.has_animation:
        return None
    return config.input.width, config.input.height


def decode_scaled(data: bytes, size: tuple[int, int], end: int) -> Pixels | None:
    """Decode a file, or the bitstream in one, to RGB of this size; None for what is not whole.

    Args:
        data: the file.
        size: width and height in px.
        end: where its bitstream ends in it; 0 to take what there is.

    Raises:
        UnusedDataError: see above.
    """
    config = _config(data)
    if config is None:
        return None
    found, options, output = config.input, config.options, config.output
    pixels = np.empty((size[1], size[0], 3), dtype=np.uint8)
    options.use_scaling = size != (found.width, found.height)
    options.scaled_width, options.scaled_height = size
    output.is_external_memory = 1
    output.rgba.pixels = pixels.ctypes.data
    output.rgba.stride, output.rgba.size = size[0] * 3, pixels.nbytes
    decoder = _libwebp.WebPIDecode(data, len(data), ctypes.byref(config))
    if not decoder:
        return None
    try:
        early = end and _libwebp.WebPIUpdate(decoder, data, _before_last(data, end)) == _OK
        status = _libwebp.WebPIUpdate(decoder, data, len(data))
    finally:
        _libwebp.WebPIDelete(decoder)
    if early:
        raise UnusedDataError("the picture is complete before its data are used up")
    return pixels if status == _OK else None


def check_bitstream(data: bytes) -> None:
    """Decode coded colours only to see whether all their data are used up.

    Raises:
        UnusedDataError: they are not.
    """
    if size := opaque_size(data):
        small = (-(-size[0] // _COARSE), -(-size[1] // _COARSE))
        decode_scaled(data, small, len(data))


def _config(data: bytes) -> _Config | None:
    if _libwebp is None:
        return None
    config = _Config()
    known = _libwebp.WebPInitDecoderConfigInternal(ctypes.byref(config), _ABI)
    found = ctypes.byref(config.input)
    if not known or _libwebp.WebPGetFeaturesInternal(data, len(data), found, _ABI):
        return None
    return config


def _before_last(data: bytes, end: int) -> int:
    tail = data[max(0, end - _MOST_FILLING) : end]
    return max(0, end - (len(tail) - len(tail.rstrip(b"\0"))) - _LAST)
