"""The markers of a JPEG file (ITU T.81), read without decoding."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from tierwise.errors import ImageError
from tierwise.images.headers.exif import exif_orientation, xmp_orientation
from tierwise.images.headers.header import Header, broken
from tierwise.records import Reason

_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xCA}
_ORDINARY = {0xC0, 0xC1, 0xC2}  # baseline, extended sequential, progressive; Huffman coded
_LOSSLESS = 0xC3
_DECODABLE = _ORDINARY | {_LOSSLESS, 0xC9, 0xCA}  # and arithmetic coded
# Fill bytes, and stray ones between segments, are skipped as libjpeg skips them.
_MARKER = re.compile(rb"\xff+[\x02-\xcf\xd9-\xfe]")
_MOST_SEGMENTS = 65_536
_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
_END = b"\xff\xd9"
_TAIL = 65_536
# A file of several scans is held as coefficients, of all components as large as they are stored.
_COEFFICIENT_BYTES = 2
_TRUSTED_BYTES = 160_000_000
# Cameras and sites write at most 20 scans; a scan costs a walk over all coefficients, so
# thousands of them in a small file are an attack.
_TRUSTED_SCANS = 40


@dataclass(slots=True)
class _Markers:
    frame: int = 0
    width: int = 0
    height: int = 0
    bits: int = 8
    channels: int = 0
    # Per pixel; 1.5 where colour has a quarter of the pixels.
    coefficients: float = 0.0
    several_scans: bool = False
    scan_at: int = 0
    steps: list[int] = field(default_factory=list)
    exif: int | None = None
    xmp: int | None = None
    multi_picture: bool = False
    gain_map: bool = False
    profile: dict[int, bytes] = field(default_factory=dict)


def read_jpeg_header(data: bytes, name: str) -> Header:
    """Read size, orientation and profile.

    Raises:
        ImageError: `unreadable` when no frame or scan is found, `unsupported_format` for 12-bit
            and hierarchical files.
    """
    markers = _walk(data, name)
    _check_kind(markers, name)
    held, scans = 0, 1
    if markers.several_scans:
        coefficients = markers.width * markers.height * markers.coefficients
        held = round(coefficients * _COEFFICIENT_BYTES)
        scans = data.count(b"\xff\xda", markers.scan_at)
    return Header(
        # A second picture that is the gain map of the first (Ultra HDR) makes no stereo pair.
        "mpo" if markers.multi_picture and not markers.gain_map else "jpeg",
        markers.width,
        markers.height,
        markers.exif or markers.xmp or 1,
        b"".join(markers.profile[part] for part in sorted(markers.profile)),
        markers.channels,
        markers.bits,
        clean=markers.frame in _ORDINARY,
        held_bytes=held,
        scan_at=markers.scan_at,
        steps=min(markers.steps, default=0),
        scalable=markers.frame != _LOSSLESS,
        trusted=markers.frame in _ORDINARY
        and markers.channels in {1, 3}
        and held <= _TRUSTED_BYTES
        and scans <= _TRUSTED_SCANS,
        cut_off=_is_cut_off(data, markers.scan_at),
    )


def _is_cut_off(data: bytes, scan_at: int) -> bool:
    """Tell whether the end mark is missing behind the scans."""
    if data.endswith(_END, scan_at):
        return False
    # Searching megabytes costs milliseconds, and a whole file has a mark near its end.
    near = max(scan_at, len(data) - _TAIL)
    return data.find(_END, near) < 0 and data.find(_END, scan_at, near + 1) < 0


def with_plain_header(data: bytes) -> bytes:
    """Return the file without what decoders warn of in front of its first scan.

    Stray bytes are left out; versions and transforms that nobody defined, and scan parameters that
    mean nothing in such a file, become those that decoders take them for.
    """
    parts, frame, channels, end = [data[:2]], 0, 3, 2
    for at, kind, length in _segments(data):
        segment = bytearray(data[at : at + 2 + length])
        if kind in _START_OF_FRAME and length >= 8:
            frame, channels = kind, segment[9]
        elif kind == 0xE0 and segment[4:9] == b"JFIF\0" and length >= 8:
            segment[9:11] = b"\1\1"
        elif kind == 0xEE and segment[4:9] == b"Adobe" and length >= 14 and segment[15] > 2:
            segment[15] = 1 if channels == 3 else 2
        elif kind == 0xDA and frame in {0xC0, 0xC1}:
            segment[-3:] = b"\0\x3f\0"
        parts.append(bytes(segment))
        end = at + 2 + length
    return b"".join([*parts, data[end:]])


def _walk(data: bytes, name: str) -> _Markers:
    markers = _Markers()
    for at, kind, length in _segments(data):
        body = data[at + 4 : at + 2 + length]
        if kind == 0xDA:
            markers.scan_at = at
            interleaved = body[:1] == bytes([markers.channels])
            markers.several_scans = markers.frame in _PROGRESSIVE or not interleaved
            return markers
        _take(markers, kind, body)
    raise broken(name, "jpeg", "the file ends before its first scan")


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield where each segment up to the first scan begins, its kind and its length."""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        found = _MARKER.search(data, at)
        if not found or found.end() + 2 > len(data):
            return
        start, kind = found.end() - 2, found[0][-1]
        if kind == 0xD9:
            return
        (length,) = struct.unpack_from(">H", data, start + 2)
        yield start, kind, length
        if kind == 0xDA:
            return
        at = start + 2 + max(length, 2)


def _take(markers: _Markers, kind: int, body: bytes) -> None:
    if kind in _START_OF_FRAME and len(body) >= 6 and not markers.frame:
        markers.frame = kind
        bits, height, width, channels = struct.unpack_from(">BHHB", body)
        markers.bits, markers.height, markers.width, markers.channels = (
            bits,
            height,
            width,
            channels,
        )
        markers.coefficients = _coefficients(body[6 : 6 + 3 * channels])
    elif kind == 0xDB:
        markers.steps.extend(_steps(body))
    elif kind == 0xE1 and body[:6] == b"Exif\x00\x00":
        markers.exif = markers.exif or exif_orientation(body)
    elif kind == 0xE1 and body.startswith(_XMP):
        markers.xmp = xmp_orientation(body)
        markers.gain_map = b"hdrgm:Version" in body
    elif kind == 0xE2 and body[:12] == b"ICC_PROFILE\x00" and len(body) > 14:
        markers.profile.setdefault(body[12], body[14:])
    elif kind == 0xE2 and body[:4] == b"MPF\x00":
        markers.multi_picture = True


def _steps(tables: bytes) -> Iterator[int]:
    """What the steps of each table add up to; 0 for one of 16 bits, behind which none is found."""
    for at in range(0, len(tables) - 64, 65):
        yield 0 if tables[at] >> 4 else sum(tables[at + 1 : at + 65])


def _coefficients(components: bytes) -> float:
    """Add up what each component stores per pixel, from its sampling factors."""
    factors = [(factor >> 4, factor & 15) for factor in components[1::3]]
    most = max((h for h, _ in factors), default=0) * max((v for _, v in factors), default=0)
    return sum(h * v for h, v in factors) / most if most else float(len(factors))


def _check_kind(markers: _Markers, name: str) -> None:
    if not markers.frame:
        raise broken(name, "jpeg", "it has a scan but no frame header")
    if markers.frame in _DECODABLE and markers.bits == 8:
        return
    what = f"{markers.bits}-bit" if markers.bits != 8 else f"hierarchical (0x{markers.frame:02X})"
    raise ImageError(
        Reason.UNSUPPORTED_FORMAT,
        f"{name}: {what} JPEG; taken are 8-bit ones. Convert the file first.",
    )
