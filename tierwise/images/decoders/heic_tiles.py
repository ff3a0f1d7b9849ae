"""HEIC pictures made of tiles, one row of tiles at a time: 200 megapixels in 80 MB instead of 900.

pillow-heif decodes whole pictures only. So this calls the C API of libheif (since 1.19, with the
layout of its structures fixed) in the library that pillow-heif's wheel carries. Where that is not
found (`CAN_READ_TILES`), pictures can only be decoded whole.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tierwise.images.decoders.private_libraries import private_library
from tierwise.images.raster import Pixels

_RGB, _INTERLEAVED_RGB, _INTERLEAVED = 1, 10, 10  # heif_colorspace, heif_chroma, heif_channel


class _Error(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_int),
        ("subcode", ctypes.c_int),
        ("message", ctypes.c_char_p),
    )


class _Tiling(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_int),
        ("columns", ctypes.c_uint32),
        ("rows", ctypes.c_uint32),
        ("tile_width", ctypes.c_uint32),
        ("tile_height", ctypes.c_uint32),
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("top", ctypes.c_uint32),
        ("left", ctypes.c_uint32),
        ("extra_dimensions", ctypes.c_uint8),
        ("extra_sizes", ctypes.c_uint32 * 8),
    )


_pointer, _number = ctypes.c_void_p, ctypes.c_int
_heif: Any = private_library(
    "_pillow_heif",
    {
        "heif_context_alloc": (_pointer, ()),
        "heif_context_free": (None, (_pointer,)),
        "heif_context_read_from_memory_without_copy": (
            _Error,
            (_pointer, ctypes.c_char_p, ctypes.c_size_t, _pointer),
        ),
        "heif_context_get_primary_image_handle": (_Error, (_pointer, _pointer)),
        "heif_image_handle_release": (None, (_pointer,)),
        "heif_image_handle_get_image_tiling": (_Error, (_pointer, _number, _pointer)),
        "heif_image_handle_decode_image_tile": (
            _Error,
            (_pointer, _pointer, _number, _number, _pointer, ctypes.c_uint32, ctypes.c_uint32),
        ),
        "heif_image_get_width": (_number, (_pointer, _number)),
        "heif_image_get_height": (_number, (_pointer, _number)),
        "heif_image_get_plane_readonly2": (_pointer, (_pointer, _number, _pointer)),
        "heif_image_release": (None, (_pointer,)),
    },
)
CAN_READ_TILES = _heif is not None


def rows_of_tiles(data: bytes) -> Iterator[Pixels]:
    """Yield the upright primary picture as RGB strips from top to bottom, each as wide as it.

    Raises:
        OSError: the file is damaged.
    """
    with _primary(data) as handle:
        tiling = _Tiling(version=1)
        _check(_heif.heif_image_handle_get_image_tiling(handle, 1, ctypes.byref(tiling)))
        # A picture that was turned may begin with the part of a tile, of which the end is shown.
        top = tiling.rows * tiling.tile_height - tiling.height if tiling.top else 0
        for row in range(tiling.rows):
            strip = _strip(handle, tiling, row)
            first = row * tiling.tile_height - top
            yield strip[max(0, -first) : max(0, tiling.height - first)]


def _strip(handle: Any, tiling: _Tiling, row: int) -> Pixels:
    left = tiling.columns * tiling.tile_width - tiling.width if tiling.left else 0
    strip = np.zeros((tiling.tile_height, tiling.width, 3), dtype=np.uint8)
    for column in range(tiling.columns):
        with _tile(handle, column, row) as tile:
            first = column * tiling.tile_width - left
            shown = tile[: tiling.tile_height, max(0, -first) : max(0, tiling.width - first)]
            start = max(0, first)
            strip[: shown.shape[0], start : start + shown.shape[1]] = shown
    return strip


@contextmanager
def _primary(data: bytes) -> Iterator[Any]:
    context, handle = _pointer(_heif.heif_context_alloc()), _pointer()
    try:
        _check(_heif.heif_context_read_from_memory_without_copy(context, data, len(data), None))
        _check(_heif.heif_context_get_primary_image_handle(context, ctypes.byref(handle)))
        yield handle
    finally:
        _heif.heif_image_handle_release(handle)
        _heif.heif_context_free(context)


@contextmanager
def _tile(handle: Any, column: int, row: int) -> Iterator[Pixels]:
    """Decode one tile; its pixels may be looked at as long as the context lasts."""
    image, stride = _pointer(), ctypes.c_size_t()
    _check(
        _heif.heif_image_handle_decode_image_tile(
            handle, ctypes.byref(image), _RGB, _INTERLEAVED_RGB, None, column, row
        )
    )
    try:
        width = _heif.heif_image_get_width(image, _INTERLEAVED)
        height = _heif.heif_image_get_height(image, _INTERLEAVED)
        plane = _heif.heif_image_get_plane_readonly2(image, _INTERLEAVED, ctypes.byref(stride))
        if not plane or stride.value < width * 3:
            raise OSError("a tile holds no picture")
        memory = (ctypes.c_uint8 * (stride.value * height)).from_address(plane)
        lines = np.frombuffer(memory, dtype=np.uint8).reshape(height, stride.value)
        yield lines[:, : width * 3].reshape(height, width, 3)
    finally:
        _heif.heif_image_release(image)


def _check(error: Any) -> None:
    if error.code:
        raise OSError((error.message or b"damaged").decode("utf-8", "replace"))
