"""The one thing wanted from EXIF: which way is up."""

from __future__ import annotations

import struct

_ORIENTATION = 0x0112
_MOST_ENTRIES = 512


def orientation(block: bytes) -> int:
    """Read the orientation, 1 to 8, from a TIFF-shaped EXIF block; 1 when it tells none.

    Broken EXIF is common and never a reason to refuse a picture.
    """
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 8:
        return 1
    (start,) = struct.unpack_from(f"{order}I", block, 4)
    if start + 2 > len(block):
        return 1
    (count,) = struct.unpack_from(f"{order}H", block, start)
    for at in range(start + 2, start + 2 + 12 * min(count, _MOST_ENTRIES), 12):
        if at + 12 > len(block):
            break
        tag, kind, _, value = struct.unpack_from(f"{order}HHIH", block, at)
        if tag == _ORIENTATION:
            if kind != 3:  # SHORT; Pillow writes nothing else, some cameras write LONG
                (value,) = struct.unpack_from(f"{order}I", block, at + 8)
            return value if 1 <= value <= 8 else 1
    return 1
