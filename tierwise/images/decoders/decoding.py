"""Which decoder serves which format; chosen by measurement, see `bench/images`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tierwise.errors import ImageError
from tierwise.images.decoders.frames import FrameChoice, chosen_frames
from tierwise.images.decoders.gif_damage import check_gif
from tierwise.images.decoders.heic_decoder import decode_heic
from tierwise.images.decoders.jp2_damage import check_jp2
from tierwise.images.decoders.jpeg_decoder import decode_four_colours, decode_jpeg
from tierwise.images.decoders.original import DamagedError, Original, WantedView
from tierwise.images.decoders.pdf_decoder import count_pages, decode_pdf
from tierwise.images.decoders.pillow_decoder import count_frames, decode_with_pillow
from tierwise.images.decoders.tiff_damage import check_tiff
from tierwise.images.decoders.vips_decoder import decode_with_vips
from tierwise.images.decoders.webp_decoder import decode_webp
from tierwise.images.headers.tiff_samples import holds_ycbcr
from tierwise.images.raster import Raster
from tierwise.records import Reason

Decoder = Callable[[Original, WantedView], Raster]

_DECODERS: dict[str, tuple[Decoder, ...]] = {
    "jpeg": (decode_jpeg,),
    "mpo": (decode_jpeg,),
    "png": (decode_with_vips,),
    "webp": (decode_webp,),
    # Pillow knows more of these old formats: JPEG in TIFF of before 1995, odd GIF extensions.
    "gif": (decode_with_vips, decode_with_pillow),
    "tiff": (decode_with_vips, decode_with_pillow),
    "bmp": (decode_with_pillow,),
    "jp2": (decode_with_pillow,),
    "avif": (decode_with_pillow,),
    "heic": (decode_heic,),
    "pdf": (decode_pdf,),
    "psd": (decode_with_pillow,),
}
# What decoders do not check themselves.
_CHECKS: dict[str, Callable[[Original, WantedView], None]] = {
    "gif": check_gif,
    "jp2": check_jp2,
    "tiff": check_tiff,
}
_ANIMATED = {"gif", "webp", "png", "avif"}


def decode(original: Original, view: WantedView) -> Raster:
    """Decode one view: whole, or what there is of it where the limits accept that, and marked.

    Raises:
        ImageError: what the first decoder said, when none can.
    """
    accepts = original.limits.accept_truncated
    strict = replace(original, limits=replace(original.limits, accept_truncated=False))
    try:
        if original.header.cut_off:
            raise original.cut_off()
        if check := _CHECKS.get(original.header.format):
            check(original, view)
        return _by_first_that_can(strict, view)
    except ImageError as error:
        if error.reason is not Reason.UNREADABLE or not accepts:
            raise
    return replace(_by_first_that_can(original, view), truncated=True)


def _by_first_that_can(original: Original, view: WantedView) -> Raster:
    first, *others = _decoders(original, view)
    try:
        return first(original, view)
    except ImageError as error:
        if error.reason is not Reason.UNREADABLE or isinstance(error, DamagedError):
            raise
        problem = error
    for other in others:
        try:
            return other(original, view)
        except ImageError:
            continue
    raise problem


def frames_in(original: Original) -> int:
    """Count pages or frames of a format whose header only its decoder reads.

    Raises:
        ImageError: the file cannot be opened.
    """
    if original.header.format == "pdf":
        return count_pages(original)
    if original.header.format == "avif":
        return count_frames(original)
    return original.header.frames


def frame_of(original: Original, page: int, frames: FrameChoice) -> int:
    """Return what decoders call the page or frame, from 0; `page` counts from 1.

    Raises:
        ImageError: the file has no such page.
    """
    found = original.header.format
    if found in {"pdf", "tiff"}:
        numbers = list(range(frames_in(original)))
    elif found in _ANIMATED:
        numbers = chosen_frames(frames, 1 if frames == "first" else frames_in(original))
    else:
        numbers = [0]
    if not 1 <= page <= len(numbers):
        raise original.unreadable(f"page {page} does not exist, there are {len(numbers)}")
    return numbers[page - 1]


def _decoders(original: Original, view: WantedView) -> tuple[Decoder, ...]:
    header = original.header
    if header.format in {"jpeg", "mpo"} and header.channels not in {1, 3}:
        return (decode_four_colours,)
    if header.format == "tiff" and holds_ycbcr(header.pages[view.frame].directory):
        return (decode_with_pillow,)  # libvips shows it as if it were RGB
    if header.format == "png" and view.frame:  # libvips shows only the first frame
        return (decode_with_pillow,)
    return _DECODERS[header.format]
