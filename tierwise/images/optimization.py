"""One image of a file: upright, sRGB, stripped, no larger than a route can use."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from contextlib import nullcontext

from tierwise.errors import ImageError
from tierwise.images.decoded import decoded
from tierwise.images.decoders.original import opened
from tierwise.images.encoder import MOST_BYTES
from tierwise.images.headers.header import Header
from tierwise.images.headers.signatures import MIME_TYPES, signature
from tierwise.images.isolated.isolation import ask_helper, decoded_here
from tierwise.images.isolated.messages import Request
from tierwise.images.limits import Limits
from tierwise.images.picture import Picture
from tierwise.images.shrinking import Look, shrink
from tierwise.records import ImageSettings, is_cut

# However many threads call: at most two pictures that hold more than this are decoded here at once.
_MUCH_BYTES = 30_000_000
_few_at_once = threading.BoundedSemaphore(2)

# libvips keeps threads; a process forked after it was loaded no longer has them, and would wait for
# them for ever. Such a process leaves everything to its helper, which starts afresh.
_loaded_in = os.getpid()


def optimize(
    data: bytes, *, name: str, page: int, settings: ImageSettings, limits: Limits
) -> Picture:
    """Make the picture to send of one image of a file; `page` counts from 1.

    Raises:
        ImageError: `unreadable`, `unsupported_format` or `too_large`; it names the file, what was
            found and the limit.
    """
    return optimize_many(data, name=name, page=page, settings=(settings,), limits=limits)[0]


def optimize_many(
    data: bytes,
    *,
    name: str,
    page: int,
    settings: Sequence[ImageSettings],
    limits: Limits,
    detail: bool = False,
    thumbnail: bool = False,
    look: Look | None = None,
) -> list[Picture]:
    """Make one picture per setting, in order, from one decode where that is possible.

    With `detail`, their features have the fine detail of the page too; with `thumbnail`, the first
    has one where it was decoded in this process. `look` sees the pixels before they are coded, and
    of what a helper decoded afterwards; of bytes that cannot be decoded it sees nothing.

    Raises:
        ImageError: as `optimize`; where every setting has `fallback_original`, only when the
            original bytes cannot be sent either.
    """
    started = time.perf_counter()
    try:
        wanted = Request(data, name, page, tuple(settings), limits, detail)
        return _shrunk(wanted, thumbnail=thumbnail, look=look)
    except ImageError:
        mime_type = MIME_TYPES.get(signature(data) or "")
        allowed = settings and all(setting.fallback_original for setting in settings)
        if not allowed or mime_type is None or len(data) > MOST_BYTES or page != 1:
            raise
        spent = round((time.perf_counter() - started) * 1000, 3)
        return [_original(data, mime_type, spent)] * len(settings)


def _shrunk(wanted: Request, *, thumbnail: bool, look: Look | None) -> list[Picture]:
    original = opened(wanted.data, name=wanted.name, limits=wanted.limits)
    if _here(original.header, wanted.settings):
        with _few_at_once if original.header.held_bytes > _MUCH_BYTES else nullcontext():
            try:
                return shrink(
                    original,
                    wanted.page,
                    wanted.settings,
                    detail=wanted.detail,
                    thumbnail=thumbnail,
                    look=look,
                )
            finally:
                decoded_here()
    reply = ask_helper(wanted)
    if isinstance(reply, ImageError):
        raise reply
    if isinstance(reply, int):
        raise TypeError(f"asked to shrink {wanted.name}, the helper counted")
    if look:
        look([decoded(picture) for picture in reply])
    return reply


def _here(header: Header, settings: Sequence[ImageSettings]) -> bool:
    first_alone = all(one.frames == "first" or is_cut(one.frames) for one in settings)
    moving = header.frames > 1 and not first_alone
    return header.trusted and not moving and os.getpid() == _loaded_in


def _original(data: bytes, mime_type: str, milliseconds: float) -> Picture:
    return Picture(
        data=data,
        mime_type=mime_type,
        width=0,
        height=0,
        original_width=0,
        original_height=0,
        format=signature(data) or "",
        original_bytes=len(data),
        resized=False,
        passed_through=False,
        fallback=True,
        truncated=False,
        milliseconds=milliseconds,
        features=None,
    )
