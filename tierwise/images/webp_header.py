"""The chunks of a WebP file (RFC 9649), read without decoding."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tierwise.images.exif import orientation
from tierwise.images.header import Header, broken

_HARMLESS = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP"}
_MOST_CHUNKS = 100_000
_PIXEL_BYTES = 4


def read_webp_header(data: bytes, name: str) -> Header:
    """Read size, orientation, profile, frames and cleanliness.

    Raises:
        ImageError: `unreadable` when no picture chunk is found.
    """
    size, frames, way_up, profile, clean = (0, 0), 0, 1, b"", True
    for kind, start, length in _chunks(data):
        body = data[start : start + min(length, 16)]
        clean = clean and kind in _HARMLESS
        if kind == b"VP8X" or (kind in {b"VP8 ", b"VP8L"} and size == (0, 0)):
            size = _size(kind, body)
        elif kind == b"ANMF":
            frames += 1
        elif kind == b"EXIF":
            block = data[start : start + length]
            way_up = orientation(block[6:] if block[:6] == b"Exif\x00\x00" else block)
        elif kind == b"ICCP":
            profile = data[start : start + length]
    if size == (0, 0):
        raise broken(name, "WebP", "it holds no picture")
    declared = int.from_bytes(data[4:8], "little") + 8
    return Header(
        "webp", *size, way_up, profile, frames=max(frames, 1),
        clean=clean and frames == 0 and declared in {len(data), len(data) - 1},
        held_bytes=size[0] * size[1] * _PIXEL_BYTES,
        trusted=frames == 0 and size[0] * size[1] <= 40_000_000,
    )  # fmt: skip


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = 12
    for _ in range(_MOST_CHUNKS):
        if at + 8 > len(data):
            return
        kind, length = struct.unpack_from("<4sI", data, at)
        yield kind, at + 8, length
        at += 8 + length + length % 2


def _size(kind: bytes, body: bytes) -> tuple[int, int]:
    if kind == b"VP8X" and len(body) >= 10:
        return (
            int.from_bytes(body[4:7], "little") + 1,
            int.from_bytes(body[7:10], "little") + 1,
        )
    if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a" and len(body) >= 10:
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and body[:1] == b"\x2f" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return 0, 0
