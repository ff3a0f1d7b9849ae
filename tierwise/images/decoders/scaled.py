"""Pixels that a decoder has scaled most of the way: to the exact size, and to sRGB there."""

from __future__ import annotations

from tierwise.images.decoders.colour import to_srgb
from tierwise.images.decoders.resampling import resampled
from tierwise.images.decoders.vips import VIPS_ERRORS
from tierwise.images.raster import Pixels


def finished_pixels(
    pixels: Pixels, extent: tuple[float, float], size: tuple[int, int], profile: bytes
) -> Pixels:
    """Resample the part from the origin to `extent` to `size`; `profile` is empty for sRGB."""
    if pixels.shape[1::-1] != size:
        pixels = resampled(pixels, extent, size)
    if profile:
        try:
            return to_srgb(pixels, profile)
        except VIPS_ERRORS:
            pass  # a profile that cannot be used counts as none, as browsers have it
    return pixels
