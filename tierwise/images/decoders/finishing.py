"""Any libvips image made small, upright, sRGB, opaque and 8 bit."""

from __future__ import annotations

from typing import Any

from tierwise.images.decoders.colour import is_plain, to_srgb
from tierwise.images.decoders.original import WantedView
from tierwise.images.decoders.vips import VIPS_ERRORS, from_pixels, to_pixels
from tierwise.images.raster import Raster, fitted

_ORDINARY = {"srgb", "b-w"}


def finished(image: Any, original: tuple[int, int], view: WantedView) -> Raster:
    """Shrink and convert; `original` is the upright size in px before anything was scaled.

    Raises:
        pyvips.Error: the pixels cannot be decoded.
    """
    profile, altered = _needed_profile(image)
    width, height = fitted(*original, view.side)
    # Sequential decoders run once: everything behind this line works on the small copy. Colours
    # are converted there too; asking for it here would convert all of the large picture.
    small = image.thumbnail_image(width, height=height, size="force").copy_memory()
    if profile or small.interpretation == "cmyk":
        small = _to_srgb(small)
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


def _needed_profile(image: Any) -> tuple[bool, bool]:
    """Tell whether the embedded profile matters, and whether colours will be changed at all."""
    ordinary = image.interpretation in _ORDINARY and image.format == "uchar"
    if not image.get_typeof("icc-profile-data"):
        return False, not ordinary
    profile = bytes(image.get("icc-profile-data"))
    needed = not is_plain(profile, image.bands - (1 if image.hasalpha() else 0))
    return needed, needed or not ordinary


def _to_srgb(image: Any) -> Any:
    """Convert by the embedded profile; CMYK without one by the standard one of libvips."""
    try:
        if (image.format, image.interpretation, image.bands) == ("uchar", "srgb", 3):
            profile = bytes(image.get("icc-profile-data"))
            return from_pixels(to_srgb(to_pixels(image), profile)).copy_memory()
        return image.icc_transform(
            "srgb",
            embedded=True,
            input_profile="cmyk" if image.interpretation == "cmyk" else "srgb",
            intent="relative",
            black_point_compensation=True,
        ).copy_memory()
    except VIPS_ERRORS:
        return image.colourspace("srgb")
