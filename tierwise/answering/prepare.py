"""From a file's bytes to the pictures that requests need; runs in worker threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace

from tierwise.answering.large_files import one_at_a_time
from tierwise.answering.local_look import Look
from tierwise.answering.read_file import read_file
from tierwise.errors import ImageError
from tierwise.images.inspection import inspect
from tierwise.images.isolated import turns
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize_many
from tierwise.images.picture import Picture
from tierwise.local.seen import Looking, Seen
from tierwise.records import MOVING_FORMATS, ImageFile, ImageSettings, Page, is_cut
from tierwise.storage.thumbnail_files import ThumbnailFiles

# Reading waits for a disk or a bucket; decoding keeps a processor busy, and memory. So more threads
# may read than decode.
READERS = 16
# Where one is decoded at a time, this many photographs are held, that one included: what waits for
# its turn takes memory. Of small files as many as there are readers.
_MOST_HELD, _PHOTOGRAPH_BYTES = 3, 500_000
_held: AbstractContextManager[object] = nullcontext()
_decoding: AbstractContextManager[object] = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))


def decode_beside_others(lock: int) -> None:
    """Be one of several processes that shrink pictures: decode one at a time.

    `lock` is the descriptor of a file by which they take turns at what takes much memory.
    """
    global _decoding, _held
    _decoding, _held = threading.Lock(), threading.BoundedSemaphore(_MOST_HELD)
    turns.share(lock)


Prepared = Mapping[ImageSettings, Picture | ImageError]


@dataclass(frozen=True, slots=True)
class PreparedPage:
    """One image of a file, prepared in each of the ways that were wanted.

    `kept` says that its thumbnail was, `seen` what was looked at besides, None where nothing was
    or could be. `thumbnail` is one that may be kept, whether or not a picture was coded.
    """

    page: Page
    pictures: Prepared
    kept: bool = False
    seen: Seen | None = None
    thumbnail: bytes = b""


def prepare_file(
    file: ImageFile,
    settings: Sequence[ImageSettings],
    limits: Limits,
    frames: str | int = "first",
    *,
    detail: bool = False,
    thumbnails: ThumbnailFiles | None = None,
    looking: Looking | None = None,
) -> list[PreparedPage]:
    """Every page of a file; a page that cannot be decoded carries its error.

    Args:
        file: where to read.
        settings: the ways in which each page is wanted, all with these `frames`.
        limits: bounds on one file.
        frames: which frames of an animation count as pages.
        detail: whether to measure the fine detail of each page.
        thumbnails: where to keep one of each page, None to keep none.
        looking: what to look at besides in a file with one page, after which some ways may no
            longer be wanted.

    Raises:
        ImageError: the file as a whole cannot be read.
    """
    with _content(file, limits) as data:
        pages = _pages(data, file, limits, frames)
        look = Look(looking) if looking and len(pages) == 1 else None
        prepared = [
            _prepare_page(
                *(data, file.uri, page, settings, limits),
                detail=detail,
                thumbnail=thumbnails is not None,
                look=look,
            )
            for page in pages
        ]
    if thumbnails is None:
        return prepared
    return [_kept(one, file.content_hash, thumbnails) for one in prepared]


def _kept(prepared: PreparedPage, content_hash: str, files: ThumbnailFiles) -> PreparedPage:
    """The page once its thumbnail is kept, if there is one."""
    small = prepared.thumbnail
    if not small:
        return prepared
    # Answers are worth more than thumbnails: a full disk stops a run when it cannot write those.
    with suppress(OSError):
        files.write(content_hash, prepared.page.number, small)
    return replace(prepared, kept=True, thumbnail=b"")


def prepare_single(
    file: ImageFile, settings: ImageSettings, limits: Limits, frames: str | int
) -> list[PreparedPage]:
    """The image of a file with only one, prepared; of several, the pages without pictures.

    Raises:
        ImageError: the file as a whole cannot be read.
    """
    with _content(file, limits) as data:
        pages = _pages(data, file, limits, frames)
        if len(pages) > 1:
            return [PreparedPage(page, {}) for page in pages]
        return [_prepare_page(data, file.uri, pages[0], [settings], limits)]


def prepare_pages(
    file: ImageFile, pages: Sequence[Page], settings: ImageSettings, limits: Limits
) -> list[PreparedPage]:
    """Some pages of a file; one that cannot be decoded carries its error.

    Raises:
        ImageError: the file can no longer be read.
    """
    with _content(file, limits) as data:
        return [_prepare_page(data, file.uri, page, [settings], limits) for page in pages]


def find_pages(file: ImageFile, limits: Limits, frames: str | int) -> list[Page]:
    """The pages of a file, nothing decoded.

    Raises:
        ImageError: the file as a whole cannot be read.
    """
    with _content(file, limits) as data:
        return _pages(data, file, limits, frames)


def prepare_page(
    file: ImageFile, page: Page, settings: ImageSettings, limits: Limits
) -> Picture | ImageError:
    """One page once more in another way, for a question that only some images are asked."""
    [prepared] = prepare_pages(file, [page], settings, limits)
    return prepared.pictures[settings]


def _pages(data: bytes, file: ImageFile, limits: Limits, frames: str | int) -> list[Page]:
    source = inspect(data, name=file.uri, limits=limits, frames=frames)
    choice = frames if source.format in MOVING_FORMATS or is_cut(frames) else "first"
    numbers = range(1, source.pages + 1)
    return [Page(number, source.pages, frames=choice) for number in numbers]


def _prepare_page(
    data: bytes,
    name: str,
    page: Page,
    settings: Sequence[ImageSettings],
    limits: Limits,
    *,
    detail: bool = False,
    thumbnail: bool = False,
    look: Look | None = None,
) -> PreparedPage:
    try:
        pictures = optimize_many(
            data,
            name=name,
            page=page.number,
            settings=settings,
            limits=limits,
            detail=detail,
            thumbnail=thumbnail,
            look=look,
        )
    except ImageError as error:
        return PreparedPage(page, dict.fromkeys(settings, error))
    if pictures:
        first = pictures[0]
        page = replace(
            page,
            width=first.original_width,
            height=first.original_height,
            format=first.format,
            detail=_detail(first) if detail else None,
        )
    if look and any(one.fallback for one in pictures):
        look.blind()
    prepared = {way: one for way, one in zip(settings, pictures, strict=True) if one.data}
    small = next((one.thumbnail for one in pictures if one.thumbnail), b"")
    return PreparedPage(page, prepared, seen=look.seen if look else None, thumbnail=small)


def _detail(picture: Picture) -> float:
    """Of what is sent as it is, because it could not be decoded, no detail is known."""
    measured = picture.features.fine_detail if picture.features else None
    return measured or 0.0


@contextmanager
def _content(file: ImageFile, limits: Limits) -> Iterator[bytes]:
    """The bytes of a file; of large ones one at a time, so that they do not add up."""
    with one_at_a_time(file.bytes), _held if file.bytes > _PHOTOGRAPH_BYTES else nullcontext():
        data = read_file(file, limits)
        with _decoding:
            yield data
