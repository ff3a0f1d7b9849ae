"""Tiles that a TIFF file leaves out, as those of maps do where there is nothing: they are black.

libtiff takes such a tile for a damaged one, or for one at the start of the file. So it is given
another tile in its place, which is then painted over.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwise.images.decoders.vips import from_pixels
from tierwise.images.headers.tiff_directories import (
    TILE_BYTES,
    TILE_HEIGHT,
    TILE_OFFSETS,
    TILE_WIDTH,
    Directory,
)

_WHOLE = {"H", "I", "Q"}  # codes of whole numbers


def has_sparse_tiles(directory: Directory) -> bool:
    """Tell whether a page leaves out tiles, but not all."""
    codes = {directory.entries.get(tag, ("",))[0] for tag in (TILE_OFFSETS, TILE_BYTES)}
    if not codes <= _WHOLE or not _grid(directory).size:
        return False
    sizes = directory.values(TILE_BYTES)
    return 0 in sizes and any(sizes) and len(sizes) == len(directory.values(TILE_OFFSETS))


def with_every_tile(data: bytes, directory: Directory) -> bytes:
    """Return the file with the first tile that is there in place of each that is not."""
    sizes = directory.values(TILE_BYTES)
    given = next(number for number, size in enumerate(sizes) if size)
    changed = bytearray(data)
    for tag in (TILE_OFFSETS, TILE_BYTES):
        code, _, at = directory.entries[tag]
        form = struct.Struct(directory.order + code)
        for number, size in enumerate(sizes):
            if not size:
                form.pack_into(changed, at + number * form.size, directory.values(tag)[given])
    return bytes(changed)


def blackened(image: Any, directory: Directory) -> Any:
    """Return the image with black where tiles were left out, be it only of one colour."""
    there = np.where(_grid(directory).all(axis=0), 255, 0).astype(np.uint8)[..., None]
    mask = from_pixels(there).copy_memory()
    mask = mask.zoom(directory.number(TILE_WIDTH), directory.number(TILE_HEIGHT))
    return mask.crop(0, 0, image.width, image.height).ifthenelse(image, 0)


def _grid(directory: Directory) -> NDArray[np.int64]:
    """The sizes of tiles, by plane, row and column; empty where they are too few or too many."""
    sizes = np.array(directory.values(TILE_BYTES), dtype=np.int64)
    width, height = directory.number(TILE_WIDTH), directory.number(TILE_HEIGHT)
    if not width or not height:
        return sizes[:0]
    across, down = -(-directory.size[0] // width), -(-directory.size[1] // height)
    if not across * down or not sizes.size or sizes.size % (across * down):
        return sizes[:0]
    return sizes.reshape(-1, down, across)
