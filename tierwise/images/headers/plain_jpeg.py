"""Whether a JPEG file holds nothing but its picture.

Cameras and programs put metadata, thumbnails, second pictures and notes into any segment that
readers skip, between scans and behind the end too. So it is told what may be there, not what not.
"""

from __future__ import annotations

import re
import struct

_QUANTIZATION, _HUFFMAN, _RESTARTS, _SCAN, _END = 0xDB, 0xC4, 0xDD, 0xDA, 0xD9
_FRAMES = {0xC0, 0xC1, 0xC2}
_JFIF, _ADOBE = 0xE0, 0xEE
_JFIF_BYTES, _ADOBE_BYTES = 14, 12
# In the data of a scan, 0xFF stands before 0 and the marks of restarts.
_NEXT_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xff]")
_MOST_SEGMENTS = 1_000


def is_plain_jpeg(data: bytes) -> bool:
    """Tell whether it is made of tables, one frame, its scans, and plain JFIF and Adobe headers."""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        if at + 2 > len(data) or data[at] != 0xFF:
            return False
        kind = data[at + 1]
        if kind == _END:
            return at + 2 == len(data)
        if at + 4 > len(data):
            return False
        (length,) = struct.unpack_from(">H", data, at + 2)
        if length < 2 or not _is_plain(kind, data[at + 4 : at + 2 + length]):
            return False
        at += 2 + length
        if kind == _SCAN:
            found = _NEXT_MARKER.search(data, at)
            if not found:
                return False
            at = found.start()
    return False


def _is_plain(kind: int, body: bytes) -> bool:
    if kind == _JFIF:
        # The last two bytes are the sides of a thumbnail.
        return len(body) == _JFIF_BYTES and body.startswith(b"JFIF\0") and body[12:] == b"\0\0"
    if kind == _ADOBE:
        return len(body) == _ADOBE_BYTES and body.startswith(b"Adobe")
    return kind in _FRAMES or kind in {_QUANTIZATION, _HUFFMAN, _RESTARTS, _SCAN}
