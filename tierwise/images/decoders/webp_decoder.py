"""WebP: opaque still pictures by libwebp, scaled while they are decoded, all others by libvips."""

from __future__ import annotations

from itertools import islice

from tierwise.images.decoders.colour import is_plain
from tierwise.images.decoders.libwebp import (
    UnusedDataError,
    check_bitstream,
    decode_scaled,
    opaque_size,
)
from tierwise.images.decoders.original import Original, WantedView
from tierwise.images.decoders.scaled import finished_pixels
from tierwise.images.decoders.vips_decoder import decode_with_vips
from tierwise.images.headers.webp_header import bitstreams
from tierwise.images.raster import Pixels, Raster, upright

# libwebp averages areas while it decodes, which softens small text. With this much left to Lanczos
# photographs keep 47 dB and more, at 44 dB a tenth less time would do.
MARGIN = 2.0


def decode_webp(original: Original, view: WantedView) -> Raster:
    """Decode one frame; libvips, where it has to, also says what is wrong.

    Raises:
        ImageError: `unreadable` or `too_large`.
    """
    header = original.header
    width, height = view.size(*header.upright_size)
    if header.orientation >= 5:
        width, height = height, width
    decoded = (
        min(header.width, round(width * MARGIN)),
        min(header.height, round(height * MARGIN)),
    )
    pixels = _pixels(original, decoded) if header.frames == 1 else None
    if pixels is None:
        if not original.limits.accept_truncated:
            _check_bitstreams(original, view.frame)
        return decode_with_vips(original, view)
    plain = is_plain(header.profile, header.channels)
    if not plain or decoded != (width, height):
        profile = b"" if plain else header.profile
        pixels = finished_pixels(pixels, decoded, (width, height), profile)
    return Raster(upright(pixels, header.orientation), *header.upright_size, altered=not plain)


def _pixels(original: Original, size: tuple[int, int]) -> Pixels | None:
    """Decode to this size as stored; None for what is not opaque, not still, or not whole."""
    header = original.header
    if opaque_size(original.data) != (header.width, header.height):
        return None
    end = next((end for _, end in bitstreams(original.data)), 0)
    try:
        return decode_scaled(original.data, size, 0 if original.limits.accept_truncated else end)
    except UnusedDataError as error:
        raise original.damaged(str(error)) from error


def _check_bitstreams(original: Original, frame: int) -> None:
    """Decode the colours of all frames up to this one, only to see whether their data fit.

    Raises:
        ImageError: the data of one are not used up.
    """
    try:
        for start, end in islice(bitstreams(original.data), frame + 1):
            check_bitstream(original.data[start:end])
    except UnusedDataError as error:
        raise original.damaged(str(error)) from error
