"""The directories of a TIFF file (TIFF 6.0 and BigTIFF): how many pages there are."""

from __future__ import annotations

import struct

from tierwise.images.header import Header, broken


def read_tiff_header(data: bytes, name: str, *, most_pages: int) -> Header:
    """Count pages (`frames`), one more than `most_pages` at most.

    Raises:
        ImageError: `unreadable` when there is no directory.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in {b"+\x00", b"\x00+"}
    offset_code, count_code, entry = ("Q", "Q", 20) if big else ("I", "H", 12)
    seen: set[int] = set()
    at = _number(data, f"{order}{offset_code}", 8 if big else 4)
    while at and at not in seen and len(seen) <= most_pages:
        count = _number(data, order + count_code, at)
        if not count or at + count * entry > len(data):
            break
        seen.add(at)
        at = _number(data, order + offset_code, at + struct.calcsize(count_code) + count * entry)
    if not seen:
        raise broken(name, "TIFF", "it holds no directory; the file may be cut off")
    return Header("tiff", frames=len(seen))


def _number(data: bytes, code: str, at: int) -> int:
    if at + struct.calcsize(code) > len(data):
        return 0
    value: int = struct.unpack_from(code, data, at)[0]
    return value
