"""The one thing wanted from EXIF and XMP: which way is up."""

from __future__ import annotations

import re
import struct

_ORIENTATION = 0x0112
_SHORT = 3
_MOST_ENTRIES = 512
_IN_XMP = re.compile(rb"tiff:Orientation(?:\s*=\s*[\"']|>)\s*([1-8])")


def exif_orientation(block: bytes) -> int | None:
    """Read the orientation, 1 to 8, from a TIFF-shaped EXIF block; None when it tells none.

    Broken EXIF is common and never a reason to refuse a picture.
    """
    block = block.removeprefix(b"Exif\x00\x00")
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 8:
        return None
    (start,) = struct.unpack_from(f"{order}I", block, 4)
    if start + 2 > len(block):
        return None
    (count,) = struct.unpack_from(f"{order}H", block, start)
    for at in range(start + 2, start + 2 + 12 * min(count, _MOST_ENTRIES), 12):
        if at + 12 > len(block):
            break
        tag, kind, _, value = struct.unpack_from(f"{order}HHIH", block, at)
        if tag == _ORIENTATION:
            if kind != _SHORT:  # some cameras write a LONG
                (value,) = struct.unpack_from(f"{order}I", block, at + 8)
            return value if 1 <= value <= 8 else None
    return None


def xmp_orientation(packet: bytes) -> int | None:
    """Read the orientation from an XMP packet, for files whose EXIF tells none."""
    found = _IN_XMP.search(packet)
    return int(found[1]) if found else None
