"""The blocks of a GIF file (GIF89a): size and how many frames there are."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from tierwise.images.headers.header import Header, broken

_PIXEL_BYTES = 4
_MOST_BLOCKS = 200_000
_FRAME, _EXTENSION = 0x2C, 0x21
_STARTS = {b",", b"!", b";"}  # of blocks and of the trailer


@dataclass(frozen=True, slots=True)
class GifFrame:
    """Size in px and coded pixels of one frame; codes begin with one bit more than `code_bits`."""

    width: int
    height: int
    code_bits: int
    data: bytes


def read_gif_header(data: bytes, name: str) -> Header:
    """Read the canvas and count frames.

    Raises:
        ImageError: `unreadable` when the file ends before its first frame.
    """
    if len(data) < 13:
        raise broken(name, "gif", "the file ends within its header")
    width, height = struct.unpack_from("<HH", data, 6)
    frames, at = 0, _start(data)
    for kind, start, end in islice(_blocks(data), _MOST_BLOCKS):
        frames += kind == _FRAME and start + 10 <= len(data)
        at = end
    if not frames:
        raise broken(name, "gif", "it holds no frame")
    held = width * height * _PIXEL_BYTES
    # Some writers leave out the trailer, some fill up with zeros; none ends within a block.
    ends = data[at : at + 1] in _STARTS or not data[at:].strip(b"\0")
    cut_off = at > len(data) or not ends
    return Header("gif", width, height, frames=frames, held_bytes=held, cut_off=cut_off)


def frames_of(data: bytes) -> Iterator[GifFrame]:
    """The frames of a file that has a header, in order."""
    for kind, start, end in _blocks(data):
        if kind == _FRAME and start + 10 <= len(data):
            width, height = struct.unpack_from("<HH", data, start + 5)
            at = start + 10 + _table(data[start + 9])
            coded = b"".join(_parts(data, at + 1, end))
            yield GifFrame(width, height, int.from_bytes(data[at : at + 1], "little"), coded)


def _start(data: bytes) -> int:
    return 13 + _table(data[10])


def _blocks(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Kind, start and end of each block but the trailer; the last may end behind the file."""
    at = _start(data)
    while at < len(data) and data[at] in {_FRAME, _EXTENSION}:
        start = at
        inner = at + 2
        if data[at] == _FRAME:
            inner = at + 11 + (_table(data[at + 9]) if at + 9 < len(data) else 0)
        at = _after_parts(data, inner)
        yield data[start], start, at


def _parts(data: bytes, at: int, end: int) -> Iterator[bytes]:
    while at < min(end, len(data)) and data[at]:
        yield data[at + 1 : at + 1 + data[at]]
        at += data[at] + 1


def _table(flags: int) -> int:
    """Return the bytes of a colour table; its flag and size share one byte."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_parts(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1
