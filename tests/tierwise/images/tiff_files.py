"""TIFF files written tag by tag, in little-endian order: what no library here writes."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import numpy as np

CODES = {1: "B", 2: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d"}
Values = tuple[int, Sequence[float]]
Tags = Mapping[int, Values]


def samples_file(samples: np.ndarray, photometric: int, tags: Tags | None = None) -> bytes:
    """A file of one uncompressed strip; `samples` are height x width (x channels)."""
    return file_of([page(samples, photometric, tags)])


def page(samples: np.ndarray, photometric: int, tags: Tags | None = None) -> tuple[Tags, bytes]:
    """Tags and strip of one page."""
    height, width = samples.shape[:2]
    channels = samples.shape[2] if samples.ndim == 3 else 1
    form = {"u": 1, "i": 2, "f": 3}[samples.dtype.kind]
    return {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [samples.dtype.itemsize * 8] * channels),
        259: (3, [1]),
        262: (3, [photometric]),
        277: (3, [channels]),
        278: (4, [height]),
        339: (3, [form] * channels),
        **(tags or {}),
    }, samples.astype(samples.dtype.newbyteorder("<")).tobytes()


def file_of(pages: Sequence[tuple[Tags, bytes]], below: Sequence[tuple[Tags, bytes]] = ()) -> bytes:
    """Pages in a chain; those of `below` are SubIFDs of the first."""
    body = bytearray(8)
    subs = [_put(body, tags, strip, 0)[0] for tags, strip in below]
    links = [4]
    for number, (tags, strip) in enumerate(pages):
        more = {330: (4, subs)} if subs and not number else {}
        at, link = _put(body, {**tags, **more}, strip, 0)
        struct.pack_into("<I", body, links[-1], at)
        links.append(link)
    body[:4] = b"II*\x00"
    return bytes(body)


def _put(body: bytearray, tags: Tags, strip: bytes, following: int) -> tuple[int, int]:
    """Where the directory lies, and where it says what follows."""
    start = len(body)
    body += strip + b"\x00" * (len(strip) % 2)
    tags = {273: (4, [start]), 279: (4, [len(strip)]), **tags}
    entries = b""
    for tag, (kind, values) in sorted(tags.items()):
        data = struct.pack(f"<{len(values)}{CODES[kind]}", *values)
        if len(data) > 4:
            place = struct.pack("<I", len(body))
            body += data + b"\x00" * (len(data) % 2)
        else:
            place = data.ljust(4, b"\x00")
        entries += struct.pack("<HHI", tag, kind, len(values)) + place
    at = len(body)
    body += struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)
    return at, len(body) - 4
