"""One page through decoder, features and encoder, in whatever process this runs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tierwise.errors import ImageError
from tierwise.images.encoder import encode
from tierwise.images.features import features
from tierwise.images.frames import chosen_frames
from tierwise.images.header import Header
from tierwise.images.heic_decoder import decode_heic
from tierwise.images.jpeg_decoder import decode_jpeg
from tierwise.images.limits import Limits
from tierwise.images.pdf_decoder import count_pages, decode_pdf
from tierwise.images.picture import Picture
from tierwise.images.pillow_decoder import count_frames, decode_with_pillow
from tierwise.images.raster import Raster, fitted, grey_if_colourless
from tierwise.images.signatures import MIME_TYPES
from tierwise.images.vips import from_pixels, resized, to_pixels
from tierwise.images.vips_decoder import decode_with_vips
from tierwise.records import ImageSettings, Reason

_PASSABLE = {"jpeg", "png", "webp"}
_ANIMATED = {"gif", "webp", "png", "avif"}
_PILLOW_ONLY = {"bmp", "jp2", "avif"}
_SECOND_TRY = {"gif", "tiff"}


def shrink(
    data: bytes,
    header: Header,
    *,
    name: str,
    page: int,
    settings: Sequence[ImageSettings],
    limits: Limits,
) -> list[Picture]:
    """Make one picture per setting; settings that differ only in size or coding share one decode.

    Raises:
        ImageError: the page cannot be decoded.
    """
    started = time.perf_counter()
    rasters = dict(_rasters(data, header, name, page, settings, limits))
    pictures = [_picture(data, header, rasters[setting], setting) for setting in settings]
    spent = round((time.perf_counter() - started) * 1000 / len(settings), 3)
    return [replace(picture, milliseconds=spent) for picture in pictures]


def count(data: bytes, header: Header, *, name: str) -> int:
    """Count pages or frames of a format whose header only its decoder reads.

    Raises:
        ImageError: the file cannot be opened.
    """
    if header.format == "pdf":
        return count_pages(data, name)
    return count_frames(data, header)


def _rasters(
    data: bytes,
    header: Header,
    name: str,
    page: int,
    settings: Sequence[ImageSettings],
    limits: Limits,
) -> Iterator[tuple[ImageSettings, Raster]]:
    """Decode once per kind of setting, at the largest size; smaller ones follow from it."""
    decoded: dict[tuple[str, str | int], Raster] = {}
    for setting in sorted(set(settings), key=lambda one: -one.max_side):
        kind = (setting.background, setting.frames)
        if kind not in decoded:
            frame = _frame(data, header, name, page, setting)
            raster = _decode(data, header, frame, setting, name, limits)
            decoded[kind] = grey_if_colourless(raster)
        yield setting, _smaller(decoded[kind], setting.max_side)


def _frame(data: bytes, header: Header, name: str, page: int, setting: ImageSettings) -> int:
    """Return the page or frame number within the file as decoders count, from 0."""
    if header.format == "pdf":
        return _within(page, count(data, header, name=name), name)
    if header.format == "tiff":
        return _within(page, header.frames, name)
    if header.format not in _ANIMATED:
        return _within(page, 1, name)
    frames = header.frames
    if header.format == "avif" and setting.frames != "first":
        frames = count(data, header, name=name)
    chosen = chosen_frames(setting.frames, frames)
    return chosen[_within(page, len(chosen), name)]


def _within(page: int, pages: int, name: str) -> int:
    if 1 <= page <= pages:
        return page - 1
    raise ImageError(
        Reason.UNREADABLE, f"{name}: page {page} does not exist, the file has {pages}."
    )


def _decode(
    data: bytes, header: Header, frame: int, setting: ImageSettings, name: str, limits: Limits
) -> Raster:
    side, background = setting.max_side, setting.background
    if header.format in {"jpeg", "mpo"} and header.channels in {1, 3}:
        return decode_jpeg(data, header, side=side, name=name, limits=limits)
    if header.format == "heic":
        return decode_heic(data, side=side, background=background, name=name, limits=limits)
    if header.format == "pdf":
        return decode_pdf(
            data, page=frame, side=side, background=background, name=name, limits=limits
        )
    first, second = decode_with_vips, decode_with_pillow
    if header.format in _PILLOW_ONLY or (header.format == "png" and frame):
        first = decode_with_pillow
    options = {
        "page": frame, "side": side, "background": background, "name": name, "limits": limits
    }  # fmt: skip
    try:
        return first(data, header, **options)
    except ImageError as error:
        if header.format not in _SECOND_TRY or error.reason is not Reason.UNREADABLE:
            raise
        problem = error
    try:
        return second(data, header, **options)
    except ImageError:
        raise problem from None


def _smaller(raster: Raster, side: int) -> Raster:
    size = fitted(*raster.size, side)
    if size == raster.size:
        return raster
    return replace(raster, pixels=to_pixels(resized(from_pixels(raster.pixels), *size)))


def _picture(data: bytes, header: Header, raster: Raster, setting: ImageSettings) -> Picture:
    width, height = raster.size
    resized_down = raster.size != (raster.original_width, raster.original_height)
    passes = _passes(header, raster) and not resized_down
    if passes:
        sent, mime_type = data, MIME_TYPES[header.format]
    else:
        sent, mime_type = encode(
            raster.pixels, output_format=setting.output_format, quality=setting.quality
        )
    return Picture(
        data=sent,
        mime_type=mime_type,
        width=width,
        height=height,
        original_width=raster.original_width,
        original_height=raster.original_height,
        format=header.format,
        original_bytes=len(data),
        resized=resized_down,
        passed_through=passes,
        fallback=False,
        truncated=raster.truncated,
        milliseconds=0.0,
        features=features(raster.pixels),
    )


def _passes(header: Header, raster: Raster) -> bool:
    """Tell whether the original bytes may be sent: they show exactly this, and nothing else."""
    return (
        header.format in _PASSABLE
        and header.clean
        and header.orientation == 1
        and header.bits <= 8
        and header.frames == 1
        and not raster.altered
        and not raster.truncated
    )
