"""What BMP, JPEG 2000, HEIC, AVIF and PDF files will take: enough to refuse the largest early."""

from __future__ import annotations

import re
import struct
from dataclasses import replace

from tierwise.images.headers.header import Header

# Bytes that decoding holds per pixel, measured on large files; `bench/images` has the figures.
_BITMAP, _HEIC, _AVIF, _JPEG_2000 = 6, 5, 14, 20
_JPEG_2000_PAGE = 500_000_000  # an A4 scan of 600 dpi
_LONGEST_META = 1_000_000
_MOST_BOXES = 10_000
_BOXES = {
    b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"uuid", b"mpvd", b"idat",
    b"jP  ", b"jp2h", b"jp2c", b"xml ", b"asoc", b"res ", b"jp2i", b"jpch", b"jplh", b"rreq",
}  # fmt: skip
_OBJECT = re.compile(rb"\d\s+\d+\s+obj\b")


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
    found = _sized("jp2", right - left, bottom - top, _JPEG_2000, jp2_levels(data, at))
    return replace(found, cut_off=at > 0 and _ends_in_a_box(data))


def jp2_levels(data: bytes, at: int = 0) -> int:
    """Read how often a JPEG 2000 picture can be halved while decoding, from its COD marker."""
    found = data.find(b"\xff\x52\x00", at)
    return data[found + 9] if 0 <= found < len(data) - 9 else 0


def read_heic_header(data: bytes, _name: str) -> Header:
    """Read the largest size that the container names; what tiles hold, their decoder checks."""
    tiled = data.find(b"grid", 0, _LONGEST_META) >= 0
    found = _sized("heic", *_largest_item(data), 0 if tiled else _HEIC)
    return replace(found, cut_off=_ends_in_a_box(data))


def read_avif_header(data: bytes, _name: str) -> Header:
    """Read the largest size that the container names."""
    found = _sized("avif", *_largest_item(data), _AVIF)
    return replace(found, cut_off=_ends_in_a_box(data))


def read_pdf_header(data: bytes, _name: str) -> Header:
    """Tell only whether pages may hold much: PDFium streams all pictures but JPEG 2000."""
    held = _JPEG_2000_PAGE if b"/JPXDecode" in data else 0
    return Header("pdf", held_bytes=held, cut_off=_has_objects_behind_its_end(data))


def _has_objects_behind_its_end(data: bytes) -> bool:
    """Tell whether a PDF file goes on behind its last end mark, or has none.

    Files that are made for the web have a first mark near their start; mail programs put text
    behind the last.
    """
    end = data.rfind(b"%%EOF")
    return end < 0 or _OBJECT.search(data, end) is not None


def _ends_in_a_box(data: bytes) -> bool:
    """Tell whether the last box (ISO 14496-12, ITU T.800 annex I) is longer than what is left."""
    at = 0
    for _ in range(_MOST_BOXES):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        # What cameras put behind the last box is none.
        if length < 8 or kind not in _BOXES or at + length >= len(data):
            break
        at += length
    return kind in _BOXES and at + length > len(data)


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
