"""Any libvips image made small, upright, sRGB, opaque and 8 bit."""

from __future__ import annotations

from typing import Any

from tierwise.images.colour import is_plain
from tierwise.images.original import View
from tierwise.images.raster import Raster, fitted
from tierwise.images.vips import to_pixels

_ORDINARY = {"srgb", "b-w"}


def finished(image: Any, original: tuple[int, int], view: View) -> Raster:
    """Shrink and convert; `original` is the upright size in px before anything was scaled.

    Raises:
        VipsError: the pixels cannot be decoded.
    """
    image, altered = _with_needed_profile(image)
    width, height = fitted(*original, view.side)
    # Sequential decoders run once: everything behind this line works on the small copy.
    small = image.thumbnail_image(
        width, height=height, size="force", export_profile="srgb", intent="relative"
    ).copy_memory()
    if small.interpretation not in _ORDINARY:
        small = small.colourspace("b-w" if small.interpretation == "grey16" else "srgb")
    if small.hasalpha():
        altered = altered or bool(small[small.bands - 1].min() < 255)
        small = small.colourspace("srgb").flatten(background=colour(view.background))
    if small.format != "uchar":
        small = small.cast("uchar")
    if small.bands not in {1, 3}:
        small = small.extract_band(0, n=1 if small.bands == 2 else 3)
    return Raster(to_pixels(small), *original, altered=altered)


def colour(text: str) -> list[int]:
    """Read `#rrggbb` into red, green and blue."""
    return list(bytes.fromhex(text.removeprefix("#")))


def _with_needed_profile(image: Any) -> tuple[Any, bool]:
    """Drop a profile that changes nothing; tell whether colours will be changed."""
    if not image.get_typeof("icc-profile-data"):
        return image, image.interpretation not in _ORDINARY or image.format != "uchar"
    profile = bytes(image.get("icc-profile-data"))
    if not is_plain(profile, image.bands - (1 if image.hasalpha() else 0)):
        return image, True
    image = image.copy()
    image.remove("icc-profile-data")
    return image, image.interpretation not in _ORDINARY or image.format != "uchar"
