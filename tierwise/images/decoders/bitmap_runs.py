"""Bitmaps whose rows are written as runs (RLE4, RLE8), rewritten without.

Pillow 12 garbles rows of RLE4 that hold pixels without a run, and breaks off runs that are too long
without a word; the release that mends the first (13.0) is one that Beam does not allow yet.
"""

from __future__ import annotations

import struct

import numpy as np

from tierwise.images.decoders.holes import has_hole
from tierwise.images.raster import Pixels

_SIZE = 34
_BITS = {1: 8, 2: 4}  # by compression
_MOST_PIXELS = 1 << 28
_ROW, _END, _SKIP = 0, 1, 2


def without_runs(data: bytes, *, lenient: bool) -> bytes:
    """Return the same bitmap with 8 bits a pixel and no runs; any other as it is.

    Raises:
        ValueError: a run is longer than its row, or rows never came; not where `lenient`.
    """
    if len(data) < 54 or int.from_bytes(data[14:18], "little") < 40:
        return data
    width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    if _BITS.get(compression) != bits or not 0 < width * height <= _MOST_PIXELS or height < 1:
        return data
    start = int.from_bytes(data[10:14], "little")
    rows = _unpacked(data, start, (width, height), bits == 4, lenient=lenient)
    stored = np.zeros((height, -(-width // 4) * 4), dtype=np.uint8)
    stored[:, :width] = rows
    head = bytearray(data[:start])
    struct.pack_into("<HI", head, 28, 8, 0)
    struct.pack_into("<I", head, _SIZE, stored.nbytes)
    if not int.from_bytes(head[46:50], "little"):
        struct.pack_into("<I", head, 46, 1 << bits)  # none told means all of this depth
    return bytes(head) + stored.tobytes()


def lost_a_stretch(data: bytes) -> bool:
    """Tell whether a bitmap without runs has a hole."""
    if len(data) < 54 or int.from_bytes(data[14:18], "little") < 40:
        return False
    width, _, _, bits = struct.unpack_from("<iiHH", data, 18)
    rows = -(-width * bits // 32) * 4
    return bits >= 8 and width > 0 and has_hole(data[int.from_bytes(data[10:14], "little") :], rows)


def _unpacked(
    data: bytes, at: int, size: tuple[int, int], packed: bool, *, lenient: bool
) -> Pixels:
    """The colour numbers, in the order of the file; 0 where it leaves pixels out."""
    width, height = size
    rows = np.zeros((height, width), dtype=np.uint8)
    x = y = 0
    end = len(data) - 2
    data += b"\0\0"  # a jump may be cut off
    while y < height and at <= end:
        count, value = data[at], data[at + 1]
        at += 2
        if not count and value == _END:
            return rows
        if not count and value == _ROW:
            if not (x or lenient):
                raise ValueError(f"row {y} is empty")
            x, y = 0, y + 1
        elif not count and value == _SKIP:
            x, y, at = x + data[at], y + data[at + 1], at + 2
        else:
            length = 0 if count else (value + 1) // 2 if packed else value
            codes = data[at : at + length] if not count else bytes((value,)) * count
            run = _colours(codes, count or value, packed)
            at += length + length % 2
            if x + (count or value) > width and not lenient:
                raise ValueError(f"a run is longer than row {y}")
            shown = run[: max(0, width - x)]
            rows[y, x : x + shown.size] = shown
            x += run.size
    if (y, x) < (height - 1, width) and not lenient:
        raise ValueError(f"of {height} rows {y} came")
    return rows


def _colours(codes: bytes, count: int, packed: bool) -> Pixels:
    found = np.frombuffer(codes, dtype=np.uint8)
    if packed:
        found = np.stack([found >> 4, found & 15], axis=-1).reshape(-1)
    return found[:count]
