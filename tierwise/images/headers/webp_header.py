"""The chunks of a WebP file (RFC 9649), read without decoding."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from tierwise.images.headers.exif import exif_orientation, xmp_orientation
from tierwise.images.headers.header import Header, broken

_HARMLESS = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH"}
_MOST_CHUNKS = 100_000
_FRAME_HEADER = 16
# Bytes held per pixel: lossy ones only their transparency, animations two canvases.
_LOSSY, _LOSSLESS, _ANIMATED = 1, 4, 8
_TRUSTED_PIXELS = 40_000_000


@dataclass(slots=True)
class _Chunks:
    size: tuple[int, int] = (0, 0)
    frames: int = 0
    pixel_bytes: int = _LOSSY
    exif: int | None = None
    xmp: int | None = None
    profile: bytes = b""
    clean: bool = True


def read_webp_header(data: bytes, name: str) -> Header:
    """Read size, orientation, profile, frames and cleanliness.

    Raises:
        ImageError: `unreadable` when no picture chunk is found.
    """
    found = _read_chunks(data)
    if found.size == (0, 0):
        raise broken(name, "webp", "it holds no picture")
    pixels = found.size[0] * found.size[1]
    end = int.from_bytes(data[4:8], "little") + 8
    return Header(
        "webp",
        *found.size,
        found.exif or found.xmp or 1,
        found.profile,
        frames=max(found.frames, 1),
        clean=found.clean and not found.frames and end == len(data),
        held_bytes=pixels * (_ANIMATED if found.frames else found.pixel_bytes),
        trusted=not found.frames and pixels <= _TRUSTED_PIXELS,
        cut_off=end > len(data),
    )


def _read_chunks(data: bytes) -> _Chunks:
    found = _Chunks()
    for kind, start, length in _chunks(data):
        body = data[start : start + min(length, 16)]
        found.clean = found.clean and kind in _HARMLESS
        if kind == b"VP8X" or (kind in {b"VP8 ", b"VP8L"} and found.size == (0, 0)):
            found.size = _size(kind, body)
        if kind == b"VP8L":
            found.pixel_bytes = _LOSSLESS
        elif kind == b"ANMF":
            found.frames += 1
        elif kind == b"EXIF":
            found.exif = exif_orientation(data[start : start + length])
        elif kind == b"XMP ":
            found.xmp = xmp_orientation(data[start : start + length])
        elif kind == b"ICCP":
            found.profile = data[start : start + length]
    return found


def bitstreams(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the coded pictures of a file begin and end, those of an animation in order."""
    for kind, start, length in _chunks(data):
        inner = _chunks(data, start + _FRAME_HEADER, start + length) if kind == b"ANMF" else ()
        for what, at, size in ((kind, start, length), *inner):
            if what in {b"VP8 ", b"VP8L"}:
                yield at, at + size


def _chunks(data: bytes, at: int = 12, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    for _ in range(_MOST_CHUNKS):
        if at + 8 > (len(data) if end is None else min(end, len(data))):
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
