"""PNG, WebP, GIF, TIFF and CMYK JPEG through libvips, which streams rows while it shrinks them."""

from __future__ import annotations

from typing import Any

import pyvips

from tierwise.errors import ImageError
from tierwise.images.colour import is_plain
from tierwise.images.header import Header, check_size
from tierwise.images.limits import Limits
from tierwise.images.raster import Raster, fitted
from tierwise.images.vips import VipsError, first_line, to_pixels
from tierwise.records import Reason

_LOADERS = {
    "jpeg": "jpegload_buffer",
    "mpo": "jpegload_buffer",
    "png": "pngload_buffer",
    "webp": "webpload_buffer",
    "gif": "gifload_buffer",
    "tiff": "tiffload_buffer",
}
_PAGED = {"webp", "gif", "tiff"}
# libwebp's own scaling is an area average; Lanczos does the last part from this many times the
# wanted size.
_WEBP_MARGIN = 1.5
_BYTES = {"uchar": 1, "char": 1, "ushort": 2, "short": 2, "uint": 4, "int": 4, "float": 4}


def decode_with_vips(
    data: bytes,
    header: Header,
    *,
    page: int,
    side: int,
    background: str,
    name: str,
    limits: Limits,
) -> Raster:
    """Decode one page to the longest side `side` px, transparency over `background` (`#rrggbb`).

    Raises:
        ImageError: `unreadable` or `too_large`.
    """
    try:
        return _decode(data, header, page, side, background, "truncated", name, limits)
    except VipsError as error:
        problem = error
    if limits.accept_truncated:
        try:
            raster = _decode(data, header, page, side, background, "none", name, limits)
        except VipsError as error:
            problem = error
        else:
            return Raster(
                raster.pixels,
                raster.original_width,
                raster.original_height,
                raster.altered,
                truncated=True,
            )
    raise ImageError(
        Reason.UNREADABLE,
        f"{name}: {header.format.upper()} that cannot be decoded: {first_line(problem)}.",
    ) from problem


def _decode(
    data: bytes,
    header: Header,
    page: int,
    side: int,
    background: str,
    fail_on: str,
    name: str,
    limits: Limits,
) -> Raster:
    options: dict[str, Any] = {"access": "sequential", "fail_on": fail_on}
    if header.format in _PAGED:
        options["page"] = page
    load = getattr(pyvips.Image, _LOADERS[header.format])
    image = load(data, **options)
    size = _upright_size(image)
    check_size(
        image.width,
        image.height,
        held=_held(image, header),
        name=name,
        limits=limits,
    )
    wanted = fitted(*size, side)
    if header.format == "webp" and max(size) > _WEBP_MARGIN * max(wanted):
        options["scale"] = _WEBP_MARGIN * max(wanted) / max(size)
        image = load(data, **options)
    return finish(image, size, side=side, background=background)


def _held(image: Any, header: Header) -> int:
    pixel = image.bands * _BYTES.get(image.format, 8)
    streams = header.format in {"png", "tiff", "jpeg", "mpo"}
    return header.held_bytes or (0 if streams else image.width * image.height * pixel)


def _upright_size(image: Any) -> tuple[int, int]:
    turned = image.get_typeof("orientation") and image.get("orientation") >= 5
    return (image.height, image.width) if turned else (image.width, image.height)


def finish(image: Any, original: tuple[int, int], *, side: int, background: str) -> Raster:
    """Make any libvips image small, upright, sRGB, opaque and 8 bit.

    `original` is the upright size in px before anything was scaled.

    Raises:
        VipsError: the pixels cannot be decoded.
    """
    profile, altered = b"", False
    if image.get_typeof("icc-profile-data"):
        profile = bytes(image.get("icc-profile-data"))
    channels = image.bands - (1 if image.hasalpha() else 0)
    if profile and is_plain(profile, channels):
        image = image.copy()
        image.remove("icc-profile-data")
    elif profile or image.interpretation not in {"srgb", "b-w"} or image.format != "uchar":
        altered = True
    wanted = fitted(*original, side)
    # Sequential decoders run once: everything behind this line works on the small copy.
    small = image.thumbnail_image(
        wanted[0], height=wanted[1], size="force", export_profile="srgb", intent="relative"
    ).copy_memory()
    if small.interpretation not in {"srgb", "b-w"}:
        grey = small.interpretation == "grey16"
        small = small.colourspace("b-w" if grey else "srgb")
    if small.hasalpha():
        altered = altered or bool(small[small.bands - 1].min() < 255)
        small = small.colourspace("srgb").flatten(background=colour(background))
    if small.format != "uchar":
        small = small.cast("uchar")
    if small.bands == 2 or small.bands > 3:
        small = small.extract_band(0, n=1 if small.bands == 2 else 3)
    return Raster(to_pixels(small), *original, altered=altered)


def colour(text: str) -> list[int]:
    """Read `#rrggbb` into red, green and blue."""
    return list(bytes.fromhex(text.removeprefix("#")))
