"""The outermost boxes of a file of the ISO base media kind (ISO 14496-12): HEIC and its like."""

from __future__ import annotations

import struct

_MOST_BOXES = 10_000


def top_box(data: bytes, kind: bytes) -> bytes:
    """What the first outermost box of a kind holds; nothing where there is none."""
    at = 0
    for _ in range(_MOST_BOXES):
        if at + 8 > len(data):
            break
        size, found = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        end = len(data) if size == 0 else at + size
        if found == kind:
            return data[at + head : end]
        if end < at + head:
            break
        at = end
    return b""
