"""What BMP, JPEG 2000, HEIC, AVIF and PDF files will take: enough to refuse the largest early."""

from __future__ import annotations

import struct

from tierwise.images.headers.header import Header

# Bytes that decoding holds per pixel, measured on large files; `bench/images` has the figures.
_BITMAP, _HEIC, _AVIF, _JPEG_2000 = 6, 5, 14, 20
_JPEG_2000_PAGE = 500_000_000  # an A4 scan of 600 dpi
_LONGEST_META = 1_000_000


def read_bmp_header(data: bytes, _name: str) -> Header:
    """Read the size from either kind of header; heights are negative when rows go down."""
    if len(data) < 26:
        return Header("bmp")
    core = int.from_bytes(data[14:18], "little") == 12
    width, height = struct.unpack_from("<HH" if core else "<ii", data, 18)
    return _sized("bmp", abs(width), abs(height), _BITMAP)


def read_jp2_header(data: bytes, _name: str) -> Header:
    """Read the size from the codestream's SIZ marker (ITU T.800, A.5.1)."""
    at = data.find(b"\xff\x4f\xff\x51")
    if at < 0 or len(data) < at + 24:
        return Header("jp2")
    right, bottom, left, top = struct.unpack_from(">IIII", data, at + 8)
    return _sized("jp2", right - left, bottom - top, _JPEG_2000, jp2_levels(data, at))


def jp2_levels(data: bytes, at: int = 0) -> int:
    """Read how often a JPEG 2000 picture can be halved while decoding, from its COD marker."""
    found = data.find(b"\xff\x52\x00", at)
    return data[found + 9] if 0 <= found < len(data) - 9 else 0


def read_heic_header(data: bytes, _name: str) -> Header:
    """Read the largest size that the container names; what tiles hold, their decoder checks."""
    tiled = data.find(b"grid", 0, _LONGEST_META) >= 0
    return _sized("heic", *_largest_item(data), 0 if tiled else _HEIC)


def read_avif_header(data: bytes, _name: str) -> Header:
    """Read the largest size that the container names."""
    return _sized("avif", *_largest_item(data), _AVIF)


def read_pdf_header(data: bytes, _name: str) -> Header:
    """Tell only whether pages may hold much: PDFium streams all pictures but JPEG 2000."""
    return Header("pdf", held_bytes=_JPEG_2000_PAGE if b"/JPXDecode" in data else 0)


def _largest_item(data: bytes) -> tuple[int, int]:
    """Return the largest `ispe` box (ISO 23008-12): a picture made of tiles has one for all."""
    largest, at = (0, 0), 0
    while (at := data.find(b"ispe", at, _LONGEST_META)) >= 0 and at + 16 <= len(data):
        width, height = struct.unpack_from(">II", data, at + 8)
        largest = max(largest, (width, height), key=lambda size: size[0] * size[1])
        at += 16
    return largest


def _sized(found: str, width: int, height: int, per_pixel: int, levels: int = 0) -> Header:
    held = width * height * per_pixel // 4**levels
    return Header(found, max(width, 0), max(height, 0), held_bytes=max(held, 0))
