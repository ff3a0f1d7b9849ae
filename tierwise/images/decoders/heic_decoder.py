"""HEIC through libheif; the libvips wheel carries no HEVC decoder.

libheif applies the turns that the container asks for itself; the EXIF orientation of a HEIC file
only repeats them and must not be applied again. It counts where the container asks for none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pillow_heif
import pyvips
from PIL import Image

from tierwise.images.decoders.coded_colours import coded_colours, from_coded
from tierwise.images.decoders.finishing import finished
from tierwise.images.decoders.heic_tiles import CAN_READ_TILES, rows_of_tiles
from tierwise.images.decoders.original import Original, WantedView
from tierwise.images.decoders.vips import VIPS_ERRORS, with_profile
from tierwise.images.headers.exif import exif_orientation
from tierwise.images.headers.iso_boxes import top_box
from tierwise.images.raster import Pixels, Raster, upright

_HELD_BYTES = 5  # per pixel: the decoder's 4:2:0 planes and the interleaved copy
# Above this, tiles are decoded row by row, which takes a fifth more time for 12 megapixels.
_LARGE_BYTES = 100_000_000
_MARGIN = 2
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, LookupError, RuntimeError, TypeError)


def decode_heic(original: Original, view: WantedView) -> Raster:
    """Decode the primary picture.

    Raises:
        ImageError: `unreadable` or `too_large`.
    """
    try:
        picture = pillow_heif.open_heif(original.data, convert_hdr_to_8bit=True)
        pixels = _pixels(original, picture, view)
    except _BROKEN as error:
        raise original.unreadable(error) from error
    try:
        image = _to_vips(pixels, picture)
        raster = finished(image, lambda: image, picture.size, view)
    except VIPS_ERRORS as error:
        raise original.unreadable(error) from error
    if not picture.info.get("icc_profile"):
        raster = from_coded(raster, *coded_colours(original.data))
    return _turned_by_exif(raster, picture, original.data)


def _turned_by_exif(raster: Raster, picture: Any, data: bytes) -> Raster:
    """Turn what only its EXIF asks to turn: some phones write no `irot`, and mean it so."""
    properties = top_box(data, b"meta")
    if b"irot" in properties or b"imir" in properties:
        return raster
    orientation = exif_orientation(picture.info.get("exif") or b"") or 1
    if orientation == 1:
        return raster
    size = (raster.original_width, raster.original_height)
    width, height = size[::-1] if orientation >= 5 else size
    return replace(
        raster,
        pixels=upright(raster.pixels, orientation),
        original_width=width,
        original_height=height,
        turned_by="exif",
    )


def _pixels(original: Original, picture: Any, view: WantedView) -> Pixels:
    """Decode all of it; or reduced, where it is large and made of tiles."""
    width, height = picture.size
    held = width * height * _HELD_BYTES
    tiling = picture.info.get("tiling", {})
    by_rows = 2 * width * tiling.get("tile_height", height) * _HELD_BYTES
    by_tiles = CAN_READ_TILES and picture.mode == "RGB" and by_rows < held
    if held <= _LARGE_BYTES or not by_tiles:
        original.check_size(width, height, held=held)
        pixels: Pixels = np.asarray(picture)
        return pixels
    original.check_size(width, height, held=by_rows)
    spare = max(1, max(width, height) // (_MARGIN * max(view.size(width, height))))
    # Sides are multiples of small powers of two more often than of anything else.
    return _reduced(original.data, 1 << (spare.bit_length() - 1))


def _reduced(data: bytes, factor: int) -> Pixels:
    """Average squares of `factor` × `factor` px, those at the right and bottom edge being parts."""
    reduced, rest = [], None
    for strip in rows_of_tiles(data):
        rows = strip if rest is None else np.concatenate([rest, strip])
        whole = len(rows) // factor * factor
        reduced.append(_averaged(rows[:whole], factor))
        rest = rows[whole:]
    if rest is not None:
        reduced.append(_averaged(rest, factor))
    return np.concatenate(reduced)


def _averaged(rows: Pixels, factor: int) -> Pixels:
    if not len(rows):
        return rows[:0, ::factor]
    return np.asarray(Image.fromarray(rows).reduce(factor))


def _to_vips(pixels: Any, picture: Any) -> Any:
    grey = pixels.ndim == 2
    image = pyvips.Image.new_from_array(pixels, interpretation="b-w" if grey else "srgb")
    profile = picture.info.get("icc_profile")
    return with_profile(image, profile) if profile else image
