"""What is wrong with a JPEG 2000 picture that OpenJPEG decodes without a word.

It has no checksum, and a damaged block of it is decoded to something. But coded data hold no long
runs of zeros; and headers of packets tell lengths, so that with a wrong one not all data are used.
That shows when the last bytes are left out, without which no whole picture is decoded: that fails
before anything is decoded, and so costs next to nothing.
"""

from __future__ import annotations

import io
import struct

from PIL import Image

from tierwise.images.decoders.original import Original, WantedView

_START, _TILE_PART = b"\xff\x4f\xff\x51", b"\xff\x90"
_NOTHING = bytes(64)
_LAST = 4
_MOST_PIXELS = 40_000_000
_MOST_PARTS = 65_536
_FAILURES = (OSError, ValueError, SyntaxError, RuntimeError)


def check_jp2(original: Original, _view: WantedView) -> None:
    """Check the coded data, in a picture of one tile also whether all are used.

    Raises:
        ImageError: a stretch of them is lost, or the picture is decoded without the last.
    """
    data = original.data
    parts = _tile_parts(data)
    if not parts:
        return  # decoders say what is wrong
    start, end = parts[0][1], parts[-1][1] + parts[-1][2]
    if data.find(_NOTHING, start, end) >= 0:
        raise original.damaged("a stretch of its coded data is lost")
    one_tile = len({tile for tile, _, _ in parts}) == 1
    small = original.header.width * original.header.height <= _MOST_PIXELS
    if one_tile and small and any(data[end - _LAST : end]) and _can_do_without(data, parts[-1]):
        raise original.damaged("the picture is complete before its data are used up")


def _tile_parts(data: bytes) -> list[tuple[int, int, int]]:
    """Tile, place and length of each tile-part (ITU T.800, A.4.2)."""
    at = data.find(_START) + 2
    while at > 1 and data[at : at + 2] not in {_TILE_PART, b""}:
        at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    parts: list[tuple[int, int, int]] = []
    while at > 1 and data[at : at + 2] == _TILE_PART and len(parts) < _MOST_PARTS:
        tile, length = struct.unpack_from(">HI", data[at : at + 10].ljust(10, b"\0"), 4)
        length = length or max(0, len(data) - 2 - at)
        parts.append((tile, at, length))
        at += max(length, 12)
    return parts


def _can_do_without(data: bytes, part: tuple[int, int, int]) -> bool:
    _, at, length = part
    end = at + length
    told = struct.pack(">I", length - _LAST)
    shorter = data[: at + 6] + told + data[at + 10 : end - _LAST] + data[end:]
    try:
        with Image.open(io.BytesIO(shorter), formats=("JPEG2000",)) as image:
            image.load()
    except _FAILURES:
        return False
    return True
