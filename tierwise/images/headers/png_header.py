"""The chunks of a PNG file (W3C PNG, third edition), read without decoding."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from tierwise.images.headers.exif import exif_orientation, xmp_orientation
from tierwise.images.headers.header import Header, broken

_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
# The picture, and hints that change nothing for an 8-bit sRGB picture and hold nothing else.
_HARMLESS = {
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"sRGB", b"gAMA", b"cHRM", b"pHYs", b"sBIT",
    b"bKGD",
}  # fmt: skip
_XMP = b"XML:com.adobe.xmp\x00\x00"
_MOST_CHUNKS = 1_000_000
_LONGEST_PROFILE = 4_000_000
_TRUSTED_BYTES = 160_000_000
_TRUSTED_PIXELS = 100_000_000


@dataclass(slots=True)
class _Extras:
    frames: int = 1
    exif: int | None = None
    xmp: int | None = None
    profile: bytes = b""
    clean: bool = True
    end: int = 0
    ended: bool = False


def read_png_header(data: bytes, name: str) -> Header:
    """Read size, depth, frames and cleanliness.

    Raises:
        ImageError: `unreadable` when the header chunk is missing or impossible.
    """
    if data[12:16] != b"IHDR" or len(data) < 33:
        raise broken(name, "png", "its header chunk is missing")
    width, height, bits, kind, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    if kind not in _CHANNELS:
        raise broken(name, "png", f"colour type {kind} does not exist")
    extras = _read_extras(data)
    row = (width * _CHANNELS[kind] * bits + 7) // 8
    held = row * height if interlaced else row
    return Header(
        "png",
        width,
        height,
        extras.exif or extras.xmp or 1,
        extras.profile,
        _CHANNELS[kind],
        bits,
        extras.frames,
        clean=extras.clean and extras.end == len(data),
        cut_off=not extras.ended,
        held_bytes=held,
        trusted=held <= _TRUSTED_BYTES and width * height <= _TRUSTED_PIXELS,
    )


def _read_extras(data: bytes) -> _Extras:
    extras = _Extras()
    for chunk, start, length in _chunks(data):
        extras.clean = extras.clean and chunk in _HARMLESS
        extras.end = start + length + 4
        extras.ended = chunk == b"IEND"
        if chunk == b"acTL" and length >= 8:
            extras.frames = max(1, struct.unpack_from(">I", data, start)[0])
        elif chunk == b"eXIf":
            extras.exif = exif_orientation(data[start : start + length])
        elif chunk == b"iTXt" and data.startswith(_XMP, start):
            extras.xmp = xmp_orientation(data[start : start + length])
        elif chunk == b"iCCP":
            extras.profile = _profile(data[start : start + length])
    return extras


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = 8
    for _ in range(_MOST_CHUNKS):
        if at + 12 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, at)
        if at + length + 12 > len(data) and kind != b"IDAT":
            return
        yield kind, at + 8, length
        if kind == b"IEND":
            return
        at += length + 12


def _profile(body: bytes) -> bytes:
    """Unpack the embedded profile; a broken one counts as none, as browsers have it."""
    _, _, packed = body.partition(b"\x00")
    try:
        return zlib.decompressobj().decompress(packed[1:], _LONGEST_PROFILE)
    except zlib.error:
        return b""
