"""JPEG at the speed of its entropy coding: libjpeg-turbo scales while it decodes.

The decoder leaves at least 1.9 times the wanted size and Lanczos does the rest: closer loses small
text (36 dB against 49 on scans), farther only costs time. `bench/images` has the figures.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from tierwise.images.decoders.colour import is_plain
from tierwise.images.decoders.jpeg_damage import may_be_of_header, pixels_of, tells_of_damage
from tierwise.images.decoders.original import Original, WantedView
from tierwise.images.decoders.scaled import finished_pixels
from tierwise.images.decoders.vips_decoder import decode_with_vips
from tierwise.images.headers.header import Header
from tierwise.images.headers.jpeg_header import with_plain_header
from tierwise.images.raster import Pixels, Raster, upright

_MARGIN = 1.9
# 3/8, 5/8 and 7/8 exist too, but have no fast path and take longer than the next power of two.
_SCALES = (8, 4, 2)


def decode_jpeg(original: Original, view: WantedView) -> Raster:
    """Decode a grey or YCbCr file.

    Raises:
        ImageError: `unreadable` when it is damaged and the limits do not accept that; `too_large`.
    """
    header = original.header
    width, height = view.size(*header.upright_size)
    if header.orientation >= 5:
        width, height = height, width
    scale = _scale(header, width, height)
    stored = (-(-header.width // scale), -(-header.height // scale))
    held = header.held_bytes + stored[0] * stored[1] * header.channels
    original.check_size(header.width, header.height, held=held)
    try:
        pixels, warned = _decode(original, stored)
    except ValueError:
        # libjpeg as libvips drives it takes some files that the fast way does not.
        return decode_with_vips(_plain(original), view)
    plain = is_plain(header.profile, header.channels)
    if not plain or stored != (width, height):
        extent = (header.width / scale, header.height / scale)
        profile = b"" if plain else header.profile
        pixels = finished_pixels(pixels, extent, (width, height), profile)
    return Raster(
        upright(pixels, header.orientation), *header.upright_size, altered=warned or not plain
    )


def decode_four_colours(original: Original, view: WantedView) -> Raster:
    """Decode a CMYK or YCCK file through libvips, which does not tell what libjpeg warns of.

    Raises:
        ImageError: as `decode_jpeg`.
    """
    header = original.header
    original.check_size(header.width, header.height, held=header.held_bytes)
    check_jpeg(original)
    return decode_with_vips(_plain(original), view)


def check_jpeg(original: Original) -> None:
    """Decode a file as coarsely as possible, only to hear what libjpeg warns of.

    Raises:
        ImageError: it is damaged.
    """
    header = original.header
    coarse = (-(-header.width // _SCALES[0]), -(-header.height // _SCALES[0]))
    with suppress(ValueError):  # other decoders say better what is wrong
        _decode(original, coarse if header.scalable else (header.width, header.height))


def _plain(original: Original) -> Original:
    """Return the file as libvips may decode it, which takes every warning for damage."""
    return replace(original, data=with_plain_header(original.data))


def _scale(header: Header, width: int, height: int) -> int:
    if (width, height) == (header.width, header.height) or not header.scalable:
        return 1
    for scale in _SCALES:
        enough = (
            -(-header.width // scale) >= _MARGIN * width,
            -(-header.height // scale) >= _MARGIN * height,
        )
        if all(enough):
            return scale
    return 1


def _decode(original: Original, size: tuple[int, int]) -> tuple[Pixels, bool]:
    """Return pixels, and whether the decoder warned of something harmless.

    Raises:
        ImageError: it warned of damage.
        ValueError: the file cannot be decoded this way.
    """
    data, channels = original.data, original.header.channels
    if original.limits.accept_truncated:
        return pixels_of(data, channels, size, strict=False), True
    try:
        return pixels_of(data, channels, size, strict=True), False
    except ValueError as error:
        warning = str(error)
    if may_be_of_header(warning):
        data = with_plain_header(data)
        try:
            return pixels_of(data, channels, size, strict=True), True
        except ValueError as error:
            warning = str(error)
    pixels = pixels_of(data, channels, size, strict=False)  # raises what was no warning
    if tells_of_damage(warning, original):
        raise original.damaged(warning)
    return pixels, True
