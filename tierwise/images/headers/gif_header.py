"""The blocks of a GIF file (GIF89a): size and how many frames there are."""

from __future__ import annotations

import struct

from tierwise.images.headers.header import Header, broken

_PIXEL_BYTES = 4
_MOST_FRAMES = 100_000


def read_gif_header(data: bytes, name: str) -> Header:
    """Read the canvas and count frames.

    Raises:
        ImageError: `unreadable` when the file ends before its first frame.
    """
    if len(data) < 13:
        raise broken(name, "gif", "the file ends within its header")
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at = 13 + _table(flags)
    frames = 0
    while at < len(data) and frames < _MOST_FRAMES:
        if data[at] == 0x2C and at + 10 <= len(data):
            frames += 1
            at = _after_blocks(data, at + 11 + _table(data[at + 9]))
        elif data[at] == 0x21:
            at = _after_blocks(data, at + 2)
        else:
            break
    if not frames:
        raise broken(name, "gif", "it holds no frame")
    held = width * height * _PIXEL_BYTES
    # Some writers leave out the trailer, some fill up with zeros; none ends within a block.
    ends = at == len(data) or data[at : at + 1] == b";" or not data[at:].strip(b"\0")
    cut_off = at > len(data) or (not ends and frames < _MOST_FRAMES)
    return Header("gif", width, height, frames=frames, held_bytes=held, cut_off=cut_off)


def _table(flags: int) -> int:
    """Return the bytes of a colour table; its flag and size share one byte."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1
