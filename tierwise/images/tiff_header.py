"""The directories of a TIFF file (TIFF 6.0 and BigTIFF): how many pages, how large."""

from __future__ import annotations

import struct

from tierwise.images.header import Header, broken

_WIDTH, _HEIGHT = 256, 257
_SHORT = 3
_PIXEL_BYTES = 4
_MOST_ENTRIES = 4096


def read_tiff_header(data: bytes, name: str, *, most_pages: int) -> Header:
    """Count pages (`frames`), one more than `most_pages` at most; `held_bytes` is the largest's.

    Raises:
        ImageError: `unreadable` when there is no directory.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in {b"+\x00", b"\x00+"}
    offset, count_code, entry = ("Q", "Q", 20) if big else ("I", "H", 12)
    seen: set[int] = set()
    held = 0
    at = _number(data, order + offset, 8 if big else 4)
    while at and at not in seen and len(seen) <= most_pages:
        count = _number(data, order + count_code, at)
        first = at + struct.calcsize(count_code)
        if not count or first + count * entry > len(data):
            break
        seen.add(at)
        held = max(held, _pixels(data, order, first, min(count, _MOST_ENTRIES), entry))
        at = _number(data, order + offset, first + count * entry)
    if not seen:
        raise broken(name, "tiff", "it holds no directory; the file may be cut off")
    return Header("tiff", frames=len(seen), held_bytes=held * _PIXEL_BYTES)


def _pixels(data: bytes, order: str, first: int, count: int, entry: int) -> int:
    sides = {_WIDTH: 0, _HEIGHT: 0}
    for at in range(first, first + count * entry, entry):
        tag, kind = struct.unpack_from(f"{order}HH", data, at)
        if tag in sides:
            code = "H" if kind == _SHORT else "I"
            sides[tag] = _number(data, order + code, at + (8 if entry == 12 else 12))
    return sides[_WIDTH] * sides[_HEIGHT]


def _number(data: bytes, code: str, at: int) -> int:
    if at + struct.calcsize(code) > len(data):
        return 0
    value: int = struct.unpack_from(code, data, at)[0]
    return value
