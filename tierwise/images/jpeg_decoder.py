"""JPEG at the speed of its entropy coding: libjpeg-turbo scales while it decodes.

The decoder leaves at least 1.9 times the wanted size and Lanczos does the rest: closer loses small
text (36 dB against 49 on scans), farther only costs time. `bench/images` has the figures.
"""

from __future__ import annotations

import simplejpeg

from tierwise.errors import ImageError
from tierwise.images.colour import is_plain, to_srgb
from tierwise.images.header import Header, check_size
from tierwise.images.jpeg_header import is_cut_off
from tierwise.images.limits import Limits
from tierwise.images.raster import Pixels, Raster, fitted, upright
from tierwise.images.vips import VipsError, first_line, from_pixels, resized, to_pixels
from tierwise.records import Reason

_MARGIN = 1.9
# 3/8, 5/8 and 7/8 exist too, but have no fast path and take longer than the next power of two.
_SCALES = (8, 4, 2)
_HARMLESS = "extraneous bytes before marker"


def decode_jpeg(data: bytes, header: Header, *, side: int, name: str, limits: Limits) -> Raster:
    """Decode a grey or YCbCr file to the longest side `side` px.

    Raises:
        ImageError: `unreadable` when it is damaged, or cut off and `limits` do not accept that.
    """
    width, height = fitted(header.width, header.height, side)
    scale = _scale(header, width, height)
    stored = (-(-header.width // scale), -(-header.height // scale))
    check_size(
        header.width,
        header.height,
        held=header.held_bytes + stored[0] * stored[1] * header.channels,
        name=name,
        limits=limits,
    )
    decoded, truncated = _decode(data, header.channels, stored, name=name, limits=limits)
    plain = is_plain(header.profile, header.channels)
    pixels = decoded
    if not plain or decoded.shape[1::-1] != (width, height):
        image = resized(from_pixels(decoded), width, height)
        try:
            pixels = to_pixels(image if plain else to_srgb(image, header.profile))
        except VipsError:  # a profile that libvips refuses counts as none
            pixels = to_pixels(image)
    return Raster(
        upright(pixels, header.orientation),
        *header.upright_size,
        altered=not plain,
        truncated=truncated,
    )


def _scale(header: Header, width: int, height: int) -> int:
    if (width, height) == (header.width, header.height):
        return 1
    for scale in _SCALES:
        if -(-header.width // scale) >= _MARGIN * width and -(-header.height // scale) >= (
            _MARGIN * height
        ):
            return scale
    return 1


def _decode(
    data: bytes, channels: int, size: tuple[int, int], *, name: str, limits: Limits
) -> tuple[Pixels, bool]:
    try:
        return _pixels(data, channels, size, strict=True), False
    except ValueError as error:
        warning = str(error)
    try:
        pixels = _pixels(data, channels, size, strict=False)
    except ValueError as error:
        raise ImageError(
            Reason.UNREADABLE, f"{name}: JPEG that cannot be decoded: {first_line(error)}."
        ) from error
    if not is_cut_off(data):
        return pixels, _HARMLESS not in warning
    if limits.accept_truncated:
        return pixels, True
    raise ImageError(
        Reason.UNREADABLE,
        f"{name}: JPEG that is cut off after {len(data):,} bytes (no end mark). Upload it again, "
        "or accept truncated files.",
    )


def _pixels(data: bytes, channels: int, size: tuple[int, int], *, strict: bool) -> Pixels:
    pixels: Pixels = simplejpeg.decode_jpeg(
        data,
        "GRAY" if channels == 1 else "RGB",
        min_width=size[0],
        min_height=size[1],
        strict=strict,
    )
    return pixels
