"""PNG, WebP, GIF, TIFF and CMYK JPEG through libvips, which streams rows while it shrinks them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyvips

from tierwise.errors import ImageError
from tierwise.images.decoders.complaints import failed, forget, warned_of_damage
from tierwise.images.decoders.finishing import finished
from tierwise.images.decoders.original import Original, WantedView
from tierwise.images.decoders.sparse_tiles import blackened, has_sparse_tiles, with_every_tile
from tierwise.images.decoders.tiff_colours import bytes_held, colours_of, white_is_low
from tierwise.images.decoders.tones import ToldTones
from tierwise.images.decoders.vips import VIPS_ERRORS
from tierwise.images.headers.header import Header
from tierwise.images.headers.tiff_samples import samples_of, undecodable
from tierwise.images.raster import Raster
from tierwise.records import Reason

_LOADERS = {
    "jpeg": "jpegload_buffer",
    "mpo": "jpegload_buffer",
    "png": "pngload_buffer",
    "webp": "webpload_buffer",
    "gif": "gifload_buffer",
}
_PAGED = {"webp", "gif"}
_TURNED_BY_HEADER = {"jpeg", "mpo", "png", "webp"}
# `error` also refuses what libtiff would fill with black and a PNG whose check sums are wrong.
_STRICT, _LENIENT = "error", "none"
# In JPEG it refuses hardly anything; a warning is the word for damage there.
_STRICT_JPEG = "warning"
_BYTES = {"uchar": 1, "char": 1, "ushort": 2, "short": 2, "uint": 4, "int": 4, "float": 4}
# libwebp averages areas while it decodes. Down to the wanted size that softens small text (SSIM
# 0.989 against 0.997 on a screenshot); with this much left to Lanczos it costs a tenth more time.
_WEBP_MARGIN = 1.5
_JPEG_MARGIN, _JPEG_SCALES = 1.9, (8, 4, 2)
_TILES_TOO_LARGE = "byte limit defined in open options"
_STREAMING = {"png", "jpeg", "mpo"}
# Decoded one at a time in a process, so that its complaints are about them.
_ALONE = {"gif", "tiff"}
_JPEG = {"jpeg", "mpo"}


def decode_with_vips(original: Original, view: WantedView) -> Raster:
    """Decode one page.

    Raises:
        ImageError: `unreadable` or `too_large`.
    """
    forget()
    lenient = original.limits.accept_truncated
    try:
        raster = _decode(original, view, _LENIENT if lenient else _strictest(original))
    except VIPS_ERRORS as error:
        if not lenient and original.header.format in _ALONE and (heard := warned_of_damage()):
            raise original.damaged(heard) from error
        raise original.unreadable(error) from error
    if not lenient and original.header.format in _ALONE:
        _check_complaints(original)
    return raster


def _strictest(original: Original) -> str:
    return _STRICT_JPEG if original.header.format in _JPEG else _STRICT


def _check_complaints(original: Original) -> None:
    if heard := warned_of_damage():
        raise original.damaged(heard)
    heard = failed()
    if _TILES_TOO_LARGE in heard:  # for libvips, not for us
        raise original.unreadable("its tiles are too large for this decoder")
    if heard:
        raise original.unreadable(heard)


def _decode(original: Original, view: WantedView, fail_on: str) -> Raster:
    header = original.header
    options: dict[str, Any] = {"access": "sequential", "fail_on": fail_on}
    if header.format == "tiff":
        return _decode_tiff(original, view, options)
    if header.format in _PAGED:
        options["page"] = view.frame

    def load(**scaling: Any) -> Any:
        loader = getattr(pyvips.Image, _LOADERS[header.format])
        return _turned(loader(original.data, **options, **scaling), original)

    image = load()
    original.check_size(image.width, image.height, held=_held(image, original))
    turned = image.get_typeof("orientation") and image.get("orientation") >= 5
    size = (image.height, image.width) if turned else (image.width, image.height)
    scaling = _scaling(header, size, view.size(*size))
    return finished(load(**scaling) if scaling else image, lambda: load(**scaling), size, view)


def _scaling(header: Header, size: tuple[int, int], wanted: tuple[int, int]) -> dict[str, Any]:
    """How a loader that can shrinks while it decodes."""
    scale = _WEBP_MARGIN * max(wanted) / max(size)
    if header.format == "webp" and scale < 1 <= scale * min(size):
        return {"scale": scale}
    if header.format in _JPEG and header.scalable and min(size) > _JPEG_SCALES[0]:
        spare = max(size) / (_JPEG_MARGIN * max(wanted))
        return {"shrink": next((scale for scale in _JPEG_SCALES if scale <= spare), 1)}
    return {}


def _decode_tiff(original: Original, view: WantedView, options: dict[str, Any]) -> Raster:
    page = original.header.pages[view.frame]
    samples = samples_of(page.directory)
    if odd := undecodable(page.directory):
        raise ImageError(
            Reason.UNSUPPORTED_FORMAT,
            f"{original.name}: TIFF with {odd}; taken are 1, 2, 4, 8, 16 and 32. Convert the file "
            "first.",
        )
    options |= {"page": page.place, "subifd": page.sub}

    sparse = has_sparse_tiles(page.directory)
    data = with_every_tile(original.data, page.directory) if sparse else original.data

    def load() -> Any:
        image = pyvips.Image.tiffload_buffer(data, **options)
        return blackened(image, page.directory) if sparse else image

    image = load()
    is_negative = white_is_low(image, samples)
    held = bytes_held(image)
    original.check_size(image.width, image.height, held=held)
    tones = ""
    if held:
        # Its range has to be known before any sample is looked at.
        colours = colours_of(image, samples)
        image, tones = colours.image, colours.tones
    turned = image.get_typeof("orientation") and image.get("orientation") >= 5
    size = (image.height, image.width) if turned else (image.width, image.height)
    raster = finished(
        image if held else colours_of(image, samples).image,
        (lambda: image) if held else (lambda: colours_of(load(), samples).image),
        size,
        view,
        ToldTones(samples.range, samples.no_data),
    )
    raster = replace(raster, tones=tones, altered=True) if tones else raster
    return replace(raster, pixels=255 - raster.pixels) if is_negative else raster


def _turned(image: Any, original: Original) -> Any:
    """Put in the orientation that the header reader found; libvips does not look into XMP."""
    by_header = original.header.format in _TURNED_BY_HEADER
    if not by_header or (original.header.orientation == 1 and not image.get_typeof("orientation")):
        return image
    image = image.copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", original.header.orientation)
    return image


def _held(image: Any, original: Original) -> int:
    if original.header.format in _STREAMING:
        return original.header.held_bytes
    return int(image.width * image.height * image.bands * _BYTES.get(image.format, 8))
