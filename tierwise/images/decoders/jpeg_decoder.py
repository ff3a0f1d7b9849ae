"""JPEG at the speed of its entropy coding: libjpeg-turbo scales while it decodes.

The decoder leaves at least 1.9 times the wanted size and Lanczos does the rest: closer loses small
text (36 dB against 49 on scans), farther only costs time. `bench/images` has the figures.
"""

from __future__ import annotations

import simplejpeg

from tierwise.errors import ImageError
from tierwise.images.decoders.colour import is_plain
from tierwise.images.decoders.original import Original, WantedView
from tierwise.images.decoders.scaled import finished_pixels
from tierwise.images.decoders.vips_decoder import decode_with_vips
from tierwise.images.headers.header import Header
from tierwise.images.headers.jpeg_header import is_cut_off
from tierwise.images.raster import Pixels, Raster, fitted, upright
from tierwise.records import Reason

_MARGIN = 1.9
# 3/8, 5/8 and 7/8 exist too, but have no fast path and take longer than the next power of two.
_SCALES = (8, 4, 2)


def decode_jpeg(original: Original, view: WantedView) -> Raster:
    """Decode a grey or YCbCr file.

    Raises:
        ImageError: `unreadable` when it is damaged, or cut off and the limits do not accept that;
            `too_large`.
    """
    header = original.header
    width, height = fitted(*header.upright_size, view.side)
    if header.orientation >= 5:
        width, height = height, width
    scale = _scale(header, width, height)
    stored = (-(-header.width // scale), -(-header.height // scale))
    held = header.held_bytes + stored[0] * stored[1] * header.channels
    original.check_size(header.width, header.height, held=held)
    cut_off = _cut_off(original)
    try:
        pixels, warned = _decode(original, stored, strict=scale == 1 and not cut_off)
    except ValueError:
        # libjpeg as libvips drives it takes some files that the fast way does not.
        return decode_with_vips(original, view)
    plain = is_plain(header.profile, header.channels)
    if not plain or stored != (width, height):
        extent = (header.width / scale, header.height / scale)
        profile = b"" if plain else header.profile
        pixels = finished_pixels(pixels, extent, (width, height), profile)
    return Raster(
        upright(pixels, header.orientation),
        *header.upright_size,
        altered=warned or not plain,
        truncated=cut_off,
    )


def _cut_off(original: Original) -> bool:
    if not is_cut_off(original.data, original.header):
        return False
    if original.limits.accept_truncated:
        return True
    raise ImageError(
        Reason.UNREADABLE,
        f"{original.name}: JPEG that is cut off after {len(original.data):,} bytes (no end mark). "
        "Upload it again, or accept truncated files.",
    )


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


def _decode(original: Original, size: tuple[int, int], *, strict: bool) -> tuple[Pixels, bool]:
    """Return pixels, and whether the decoder warned, which only `strict` finds out.

    Raises:
        ValueError: the file is damaged.
    """
    if strict:
        try:
            return _pixels(original, size, strict=True), False
        except ValueError:  # raised for warnings too, and most of them are harmless
            pass
    return _pixels(original, size, strict=False), strict


def _pixels(original: Original, size: tuple[int, int], *, strict: bool) -> Pixels:
    pixels: Pixels = simplejpeg.decode_jpeg(
        original.data,
        "GRAY" if original.header.channels == 1 else "RGB",
        min_width=size[0],
        min_height=size[1],
        strict=strict,
    )
    return pixels
