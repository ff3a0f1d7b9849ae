"""What a TIFF file (TIFF 6.0 and BigTIFF) says of its pages: how many, how large."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from tierwise.images.headers.header import Header, broken
from tierwise.images.headers.tiff_directories import ORIENTATION, Directory, Sliced, directories
from tierwise.images.headers.tiff_pages import TiffPage, pages_of

_PIXEL_BYTES = 4
# Reduced copies and masks come on top of the pages.
_DIRECTORIES_PER_PAGE = 8


def read_tiff_header(data: Sliced, name: str, *, most_pages: int) -> Header:
    """Count pages (`frames`), some more than `most_pages` at most; `held_bytes` is the largest's.

    Size and orientation are those of the first page.

    Raises:
        ImageError: `unreadable` when there is not a directory.
    """
    chain = list(islice(directories(data), _DIRECTORIES_PER_PAGE * most_pages + 1))
    if not chain:
        raise broken(name, "tiff", "it holds no directory; the file may be cut off")
    header = tiff_header(pages_of(chain, big=is_big(data)))
    return replace(header, cut_off=chain[-1].next_at >= len(data))


def tiff_header(pages: list[TiffPage]) -> Header:
    """The header of a file with these pages, one or more."""
    first = pages[0].directory
    return Header(
        "tiff",
        *first.size,
        orientation=orientation_of(first) or 1,
        frames=len(pages),
        held_bytes=max(width * height for width, height in (p.directory.size for p in pages))
        * _PIXEL_BYTES,
        pages=tuple(pages),
    )


def orientation_of(directory: Directory) -> int:
    """Which way is up, 1 to 8; 0 where the directory does not tell."""
    told = directory.number(ORIENTATION)
    return told if 1 <= told <= 8 else 0


def is_big(data: Sliced) -> bool:
    """Whether offsets have eight bytes."""
    return data[2:4] in {b"+\x00", b"\x00+"}
