"""HEIC through libheif; the libvips wheel carries no HEVC decoder.

libheif applies the turns that the container asks for itself; the EXIF orientation of a HEIC file
only repeats them and must not be applied again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pillow_heif
import pyvips

from tierwise.images.coded_colours import coded_colours, from_coded
from tierwise.images.finishing import finished
from tierwise.images.original import Original, View
from tierwise.images.raster import Raster
from tierwise.images.vips import VIPS_ERRORS, with_profile

_HELD_BYTES = 5  # per pixel: the decoder's 4:2:0 planes and the interleaved copy
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, LookupError, RuntimeError, TypeError)


def decode_heic(original: Original, view: View) -> Raster:
    """Decode the primary picture.

    Raises:
        ImageError: `unreadable` or `too_large`.
    """
    try:
        picture = pillow_heif.open_heif(original.data, convert_hdr_to_8bit=True)
        width, height = picture.size
        original.check_size(width, height, held=width * height * _HELD_BYTES)
        pixels = np.asarray(picture)
    except _BROKEN as error:
        raise original.unreadable(error) from error
    try:
        raster = finished(_to_vips(pixels, picture), picture.size, view)
    except VIPS_ERRORS as error:
        raise original.unreadable(error) from error
    if picture.info.get("icc_profile"):
        return raster
    return from_coded(raster, *coded_colours(original.data))


def _to_vips(pixels: Any, picture: Any) -> Any:
    grey = pixels.ndim == 2
    image = pyvips.Image.new_from_array(pixels, interpretation="b-w" if grey else "srgb")
    profile = picture.info.get("icc_profile")
    return with_profile(image, profile) if profile else image
