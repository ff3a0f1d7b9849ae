"""One page through decoder, features and encoder, in whatever process this runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from tierwise.images.decoders.decoding import decode, frame_of
from tierwise.images.decoders.original import Original, WantedView
from tierwise.images.decoders.resampling import resampled
from tierwise.images.encoder import MOST_BYTES, encode, steps_at
from tierwise.images.features import features
from tierwise.images.fine_detail import SIDE as DETAIL_SIDE
from tierwise.images.fine_detail import fine_detail
from tierwise.images.headers.plain_jpeg import is_plain_jpeg
from tierwise.images.headers.signatures import MIME_TYPES
from tierwise.images.long_cuts import cut_out, cuts_of, whole_for
from tierwise.images.picture import Picture
from tierwise.images.raster import Raster, grey_if_colourless
from tierwise.images.small_copy import small_copy
from tierwise.records import ImageSettings
from tierwise.sizes import sent_size

# Sees the pixels of every setting before they are coded, and says which settings are to be.
Look = Callable[[Sequence[Raster]], Collection[ImageSettings]]

_MOSTLY_FLAT = 0.75
# Of two codings of one picture, that of the file has lost nothing more.
_MUCH_LARGER, _ROOM_FOR_HEADERS = 2, 16_384
_PASSABLE = {"jpeg", "png", "webp"}


def shrink(
    original: Original,
    page: int,
    settings: Sequence[ImageSettings],
    *,
    detail: bool = False,
    thumbnail: bool = False,
    look: Look | None = None,
) -> list[Picture]:
    """Make one picture per setting; settings that differ only in size or coding share one decode.

    `milliseconds` of each is its part of the time for all. With `detail`, each has the fine detail
    of the page among its features; it is measured once. With `thumbnail`, the first has one, coded
    or not. With `look`, a picture that it does not want has no data, and no features.

    Raises:
        ImageError: the page cannot be decoded.
    """
    started = time.perf_counter()
    rasters = _rasters(original, page, settings, DETAIL_SIDE if detail else 0)
    wanted = set(look([sent for _, sent in rasters.values()]) if look else settings)
    pictures = [
        _picture(original, rasters[setting][1], setting, coded=setting in wanted)
        for setting in settings
    ]
    if detail and pictures:
        found = fine_detail(rasters[settings[0]][0].pixels)
        pictures = [_with_detail(picture, found) for picture in pictures]
    if thumbnail and pictures:
        small = small_copy(min((sent for _, sent in rasters.values()), key=_area))
        pictures[0] = replace(pictures[0], thumbnail=small)
    spent = round((time.perf_counter() - started) * 1000 / len(settings), 3)
    return [replace(picture, milliseconds=spent) for picture in pictures]


def _area(raster: Raster) -> int:
    width, height = raster.size
    return width * height


def _rasters(
    original: Original, page: int, settings: Sequence[ImageSettings], least: int
) -> dict[ImageSettings, tuple[Raster, Raster]]:
    """Decode once per kind of setting, at the largest size; smaller ones follow from it.

    For each setting what was decoded, of `least` px or more where the original has so many, and
    what is to be sent.
    """
    kinds: dict[tuple[str, str | int], list[ImageSettings]] = {}
    for setting in dict.fromkeys(settings):
        kinds.setdefault((setting.background, setting.frames), []).append(setting)
    rasters = {}
    for (background, frames), alike in kinds.items():
        wanted = (*alike, ImageSettings(least)) if least else tuple(alike)
        decoded = grey_if_colourless(_decoded(original, page, frames, wanted, background))
        for setting in alike:
            rasters[setting] = decoded, _smaller(decoded, setting)
    return rasters


def _decoded(
    original: Original,
    page: int,
    frames: str | int,
    wanted: tuple[ImageSettings, ...],
    background: str,
) -> Raster:
    """One page, or one part of a long picture, as large as the largest of `wanted` has it."""
    cuts = cuts_of(original.header, frames)
    if not cuts:
        view = WantedView(frame_of(original, page, frames), wanted, background)
        return decode(original, view)
    if not 1 <= page <= len(cuts):
        raise original.unreadable(f"part {page} does not exist, there are {len(cuts)}")
    cut = cuts[page - 1]
    whole = tuple(whole_for(setting, original.header, cut) for setting in wanted)
    return cut_out(decode(original, WantedView(0, whole, background)), cut)


def _smaller(raster: Raster, setting: ImageSettings) -> Raster:
    """The size follows from the original's, unless that is in points."""
    original = (raster.original_width, raster.original_height)
    whole = original if original >= raster.size else raster.size
    size = sent_size(setting, *whole)
    if size >= raster.size:
        return raster
    return replace(raster, pixels=resampled(raster.pixels, raster.size, size))


def _picture(original: Original, raster: Raster, setting: ImageSettings, *, coded: bool) -> Picture:
    width, height = raster.size
    smaller = raster.size != (raster.original_width, raster.original_height)
    seen, sent, mime_type, passes = None, b"", "", False
    if coded:
        seen = features(raster)
        flat = seen.flat > _MOSTLY_FLAT
        sent, mime_type, passes = _to_send(original, raster, setting, flat=flat)
    return Picture(
        data=sent,
        mime_type=mime_type,
        width=width,
        height=height,
        original_width=raster.original_width,
        original_height=raster.original_height,
        format=original.header.file_format,
        original_bytes=original.file_bytes,
        resized=smaller,
        passed_through=passes,
        fallback=False,
        truncated=raster.truncated,
        milliseconds=0.0,
        features=seen,
        preview=bool(original.header.container),
        tones=raster.tones,
        turned_by=raster.turned_by,
    )


def _to_send(
    original: Original, raster: Raster, setting: ImageSettings, *, flat: bool
) -> tuple[bytes, str, bool]:
    """The bytes, their MIME type, and whether they are those of the file."""
    own = _shows_just_this(original, raster)
    if own and _is_small(original, setting):
        return original.data, MIME_TYPES[original.header.format], True
    coded, mime_type = encode(
        raster.pixels,
        output_format=setting.output_format,
        quality=setting.quality,
        compact=flat,
    )
    if own and len(original.data) <= _MUCH_LARGER * len(coded) + _ROOM_FOR_HEADERS:
        return original.data, MIME_TYPES[original.header.format], True
    return coded, mime_type, False


def _with_detail(picture: Picture, detail: float) -> Picture:
    seen = picture.features
    return replace(picture, features=replace(seen, fine_detail=detail)) if seen else picture


def _shows_just_this(original: Original, raster: Raster) -> bool:
    """Tell whether the original bytes may be sent: they show exactly this, and nothing else."""
    header = original.header
    return (
        header.format in _PASSABLE
        and header.clean
        and header.orientation == 1
        and header.bits <= 8
        and header.frames == 1
        and len(original.data) <= MOST_BYTES
        and raster.size == (raster.original_width, raster.original_height)
        and not raster.altered
        and not raster.truncated
        and (header.format != "jpeg" or is_plain_jpeg(original.data))
    )


def _is_small(original: Original, setting: ImageSettings) -> bool:
    """Tell whether, without trying, the file has not many more bytes than ours would.

    A JPEG file in no finer steps than ours has lost as much already.
    """
    if len(original.data) <= _ROOM_FOR_HEADERS:
        return True
    return setting.output_format == "jpeg" and original.header.steps >= steps_at(setting.quality)
