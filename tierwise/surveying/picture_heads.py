"""What a file tells of itself, for a forecast: from its head, or where that is not enough, more.

No more is read than a run would read: nothing of what is not a picture or too large, no file for
longer than `LOOK_S`.
"""

from __future__ import annotations

import io
import time
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from tierwise.answering.large_files import is_large, one_at_a_time
from tierwise.errors import ImageError
from tierwise.images.headers.header import Header
from tierwise.images.headers.headers import read_header
from tierwise.images.headers.raw_files import BY_SIGNATURE
from tierwise.images.headers.signatures import supported_format
from tierwise.images.headers.tiff_header import read_tiff_header
from tierwise.images.inspection import inspect
from tierwise.images.limits import LARGEST_FILE_BYTES, Limits
from tierwise.images.long_cuts import cuts_of
from tierwise.records import Page
from tierwise.storage.files import files_for
from tierwise.storage.listing import Named
from tierwise.storage.patience import read_patiently

LOOK_S = 20.0
# How long a store that is away is waited for; the run itself has more patience.
LOOK_PATIENCE_S = 5.0
# Metadata before the picture data seldom take more; where they do, the whole file is read.
_HEAD_BYTES = 256 * 1024
_PIECE_BYTES = 8 << 20
# Pages of these are counted from the whole file.
_READ_WHOLE = {"tiff", "pdf", "avif"} | BY_SIGNATURE


class LookError(Exception):
    """A look at this file would take too long."""


def first_page(named: Named, limits: Limits, frames: str | int) -> Page:
    """The first image of a file as far as the header tells: its upright size is 0 where unknown.

    Raises:
        ImageError: it is no picture that is taken, or its store did not give it.
        LookError: it is not read to its end.
    """
    patience_s = min(limits.patience_s, LOOK_PATIENCE_S)
    return read_patiently(
        lambda: _looked_into(named, limits, frames), named.path, named.uri, patience_s
    )


def _looked_into(named: Named, limits: Limits, frames: str | int) -> Page:
    with files_for(named.path).open(named.path, _HEAD_BYTES, waits=False) as stream:
        file = _SlowFile(stream)
        head = file[0:_HEAD_BYTES]
        kind = supported_format(head, named.uri)
        if kind == "tiff" and is_large(len(file)):
            header = read_tiff_header(file, named.uri, most_pages=limits.pages)
            return _page(header, min(header.frames, limits.pages))
        if len(head) == len(file) or kind not in _READ_WHOLE:
            try:
                return _of_bytes(head, named, limits, frames)
            except ImageError:
                if len(head) == len(file):
                    raise
        if len(file) > LARGEST_FILE_BYTES:
            raise LookError(f"{named.uri}: {len(file):,} bytes, which no run reads")
        with one_at_a_time(len(file)):
            return _of_bytes(file.whole(), named, limits, frames)


def _of_bytes(data: bytes, named: Named, limits: Limits, frames: str | int) -> Page:
    source = inspect(data, name=named.uri, limits=limits, frames=frames)
    header = read_header(data, name=named.uri, limits=limits)
    page = _page(header, source.pages)
    if not (cuts := cuts_of(header, frames)):
        return page
    left, top, right, bottom = cuts[0]
    return replace(page, width=right - left, height=bottom - top, frames=frames)


def _page(header: Header, pages: int) -> Page:
    return Page(1, pages, *header.upright_size, header.file_format)


@dataclass(slots=True)
class _SlowFile:
    """A file whose parts are read when they are asked for, until its time is over."""

    stream: BinaryIO
    until: float = field(default_factory=lambda: time.monotonic() + LOOK_S)
    size: int = 0

    def __post_init__(self) -> None:
        self.size = self.stream.seek(0, io.SEEK_END)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, part: slice, /) -> bytes:
        begin, end, _ = part.indices(self.size)
        self.stream.seek(begin)
        pieces, left = list[bytes](), end - begin
        while left > 0:
            if time.monotonic() > self.until:
                raise LookError(f"took more than {LOOK_S:.0f} s to read")
            piece = self.stream.read(min(left, _PIECE_BYTES))
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def whole(self) -> bytes:
        """All of it."""
        return self[0 : self.size]
