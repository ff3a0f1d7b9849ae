"""Any libvips image made small, upright, sRGB, opaque and 8 bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tierwise.images.decoders.colour import is_plain, to_srgb
from tierwise.images.decoders.original import WantedView
from tierwise.images.decoders.tones import ToldTones, tones_of_sixteen_bits
from tierwise.images.decoders.transparency import on_ground
from tierwise.images.decoders.vips import VIPS_ERRORS, from_pixels, to_pixels
from tierwise.images.raster import Raster

_ORDINARY = {"srgb", "b-w"}
_SIXTEEN_BITS = {"grey16", "rgb16"}
_MOST = 65_535
_AS_TOLD = ToldTones()


def finished(
    image: Any,
    again: Callable[[], Any],
    original: tuple[int, int],
    view: WantedView,
    told: ToldTones = _AS_TOLD,
) -> Raster:
    """Shrink and convert.

    Args:
        image: opened, nothing of it read.
        again: opens it once more, for a picture whose transparency turns out to hide all of it.
        original: the upright size in px before anything was scaled.
        view: what is wanted of it.
        told: what the file's tags say of samples of 16 bits.

    Raises:
        pyvips.Error: the pixels cannot be decoded.
    """
    raster = _finished(image, original, view, told)
    if raster is None:
        opaque = again()
        raster = _finished(opaque.extract_band(0, n=opaque.bands - 1), original, view, told)
    if raster is None:
        raise ValueError("a picture without transparency is hidden by it")
    return raster


def _finished(
    image: Any, original: tuple[int, int], view: WantedView, told: ToldTones
) -> Raster | None:
    """None for a picture that its transparency hides."""
    profile, altered = _needed_profile(image)
    width, height = view.size(*original)
    if not altered and image.bands in {1, 3}:
        small = image.thumbnail_image(width, height=height, size="force")
        return Raster(to_pixels(small), *original)
    # Sequential decoders run once: everything behind this line works on the small copy. Colours
    # are converted there too; asking for it here would convert all of the large picture.
    if image.format == "ushort" and image.interpretation in _SIXTEEN_BITS:
        small, tones = _of_full_range(_sixteen_bits(image, width, height), told)
    else:
        small, tones = image.thumbnail_image(width, height=height, size="force").copy_memory(), ""
    if profile or small.interpretation == "cmyk":
        small = _to_srgb(small)
    if small.interpretation not in _ORDINARY:
        small = small.colourspace("b-w" if small.interpretation == "grey16" else "srgb")
    transparent = bool(small.hasalpha())
    if transparent:
        small = small.colourspace("srgb")
    if small.format != "uchar":
        small = small.cast("uchar")
    if small.bands not in {1, 3, 4}:
        small = small.extract_band(0, n=1 if small.bands == 2 else 3)
    pixels = to_pixels(small)
    if transparent:
        if not pixels[..., 3].any():
            return None
        altered = altered or bool((pixels[..., 3] < 255).any())
        pixels = on_ground(pixels, view.background)
    return Raster(pixels[..., :3], *original, altered=altered, tones=tones)


def _sixteen_bits(image: Any, width: int, height: int) -> Any:
    """Shrink and turn without losing bits, as libvips' own thumbnails do."""
    turned = image.get_typeof("orientation") and image.get("orientation") >= 5
    if turned:
        width, height = height, width
    kind = image.interpretation
    if image.hasalpha():
        image = image.premultiply(max_alpha=_MOST)
    small = image.resize(width / image.width, vscale=height / image.height, kernel="lanczos3")
    if image.hasalpha():
        small = small.unpremultiply(max_alpha=_MOST)
    return small.cast("ushort").copy(interpretation=kind).copy_memory().autorot()


def _of_full_range(small: Any, told: ToldTones) -> tuple[Any, str]:
    """Stretch 16-bit samples that use few of their bits, and say how."""
    alpha = small.bands - 1 if small.hasalpha() else small.bands
    colours = small.extract_band(0, n=alpha)
    memory = np.frombuffer(colours.write_to_memory(), dtype=np.uint16)
    tones = tones_of_sixteen_bits(memory, told)
    if tones is None:
        return small, ""
    scale = _MOST / (tones.high - tones.low)
    stretched = colours.linear(scale, -tones.low * scale).cast("ushort")
    if alpha < small.bands:
        stretched = stretched.bandjoin(small[alpha])
    return stretched.copy(interpretation=small.interpretation), str(tones)


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
