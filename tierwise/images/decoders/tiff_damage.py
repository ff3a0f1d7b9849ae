"""What is wrong with the strips or tiles of a TIFF page that libtiff decodes without a word.

It stops when it has the pixels it expects, and then does not look at the checksum behind deflated
data; nor does libwebp tell when it needed fewer bytes than there are. In plain samples there is
nothing to decode.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from tierwise.images.decoders.deflated import damage_of_deflated
from tierwise.images.decoders.holes import has_hole
from tierwise.images.decoders.libwebp import UnusedDataError, check_bitstream
from tierwise.images.decoders.original import Original, WantedView
from tierwise.images.headers.tiff_directories import (
    BITS,
    COMPRESSION,
    PLANES,
    SAMPLES,
    STRIP_BYTES,
    STRIP_OFFSETS,
    TILE_BYTES,
    TILE_OFFSETS,
    TILE_WIDTH,
    WIDTH,
    Directory,
)
from tierwise.images.headers.webp_header import bitstreams


def check_tiff(original: Original, view: WantedView) -> None:
    """Check the data of one page, where their coding lets it be checked.

    Raises:
        ImageError: `unreadable`, some are damaged.
    """
    directory = original.header.pages[view.frame].directory
    compression = directory.number(COMPRESSION, 1)
    check = partial(_plain, _row_bytes(directory)) if compression == 1 else _CHECKS.get(compression)
    if check is None:
        return
    for number, data in enumerate(_chunks(original.data, directory)):
        if problem := check(data):
            kind = "tile" if directory.values(TILE_OFFSETS) else "strip"
            raise original.damaged(f"{kind} {number}: {problem}")


def _chunks(data: bytes, directory: Directory) -> Iterator[bytes]:
    """The strips or tiles; empty ones stand for tiles that were left out, which is allowed."""
    for offsets, sizes in ((TILE_OFFSETS, TILE_BYTES), (STRIP_OFFSETS, STRIP_BYTES)):
        pairs = zip(directory.values(offsets), directory.values(sizes), strict=False)
        for offset, size in pairs:
            if size:
                yield data[int(offset) : int(offset + size)]


def _row_bytes(directory: Directory) -> int:
    """How many bytes a row of a strip or tile has; 0 where it has samples of less than a byte."""
    bits = directory.number(BITS, 1)
    width = directory.number(TILE_WIDTH) or directory.number(WIDTH)
    channels = 1 if directory.number(PLANES, 1) > 1 else directory.number(SAMPLES, 1)
    return width * channels * bits // 8 if bits >= 8 else 0


def _plain(row_bytes: int, data: bytes) -> str:
    return "a stretch of it is lost" if has_hole(data, row_bytes) else ""


def _webp(data: bytes) -> str:
    try:
        for start, end in bitstreams(data):
            check_bitstream(data[start:end])
    except UnusedDataError as error:
        return str(error)
    return ""


# By the number of the compression: Adobe's and the older deflate, WebP.
_CHECKS: dict[int, Callable[[bytes], str]] = {
    8: damage_of_deflated,
    32946: damage_of_deflated,
    50001: _webp,
}
