"""HEIC through libheif; the libvips wheel carries no HEVC decoder.

libheif applies the turns that the container asks for itself; the EXIF orientation of a HEIC file
only repeats them and must not be applied again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pillow_heif
import pyvips

from tierwise.errors import ImageError
from tierwise.images.header import check_size
from tierwise.images.limits import Limits
from tierwise.images.raster import Raster
from tierwise.images.vips import VipsError, first_line, with_profile
from tierwise.images.vips_decoder import finish
from tierwise.records import Reason

# The decoder's planes (4:2:0) and the interleaved copy.
_HELD_BYTES = 5
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, LookupError, RuntimeError, TypeError)


def decode_heic(data: bytes, *, side: int, background: str, name: str, limits: Limits) -> Raster:
    """Decode the primary picture to the longest side `side` px.

    Raises:
        ImageError: `unreadable` or `too_large`.
    """
    try:
        picture = pillow_heif.open_heif(data, convert_hdr_to_8bit=True)
        width, height = picture.size
        check_size(width, height, held=width * height * _HELD_BYTES, name=name, limits=limits)
        pixels = np.asarray(picture)
    except _BROKEN as error:
        raise ImageError(
            Reason.UNREADABLE, f"{name}: HEIC that cannot be decoded: {first_line(error)}."
        ) from error
    try:
        return finish(_to_vips(pixels, picture), picture.size, side=side, background=background)
    except VipsError as error:
        raise ImageError(
            Reason.UNREADABLE, f"{name}: HEIC whose colours cannot be read: {first_line(error)}."
        ) from error


def _to_vips(pixels: Any, picture: Any) -> Any:
    image = pyvips.Image.new_from_array(
        pixels, interpretation="b-w" if pixels.ndim == 2 else "srgb"
    )
    profile = picture.info.get("icc_profile")
    return with_profile(image, profile) if profile else image
