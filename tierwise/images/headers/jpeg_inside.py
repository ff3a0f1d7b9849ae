"""The largest JPEG picture inside another file: what a camera shows of its raw photographs."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from itertools import islice

_START = re.compile(rb"\xff\xd8\xff[\xc0-\xfe]")
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
_MOST_STARTS = 20_000
_MOST_SEGMENTS = 10_000  # of one picture
_MOST_LOOKS = (
    200_000  # at segments of all that may be pictures; where chance makes starts, ten each
)
_WIDEST_GAP = 4096  # bytes before a marker of a picture's head; writers leave none
_SHOWN = {0xC0, 0xC1, 0xC2}  # Huffman coded, with loss: raw samples are coded without
_START_MARK, _END, _SCAN, _FRAME = 0xD8, 0xD9, 0xDA, range(0xC0, 0xD0)
_NO_FRAME = {0xC4, 0xC8, 0xCC}


def largest_jpeg(data: bytes) -> tuple[int, int] | None:
    """Where it starts and ends; at the end of the file where it is cut off. None without one."""
    best, most = None, 0
    looks = iter(range(_MOST_LOOKS))
    for start in _starts(data):
        pixels = _pixels(data, start, looks)
        if pixels > most:
            best, most = start, pixels
    return None if best is None else (best, _end(data, best))


def _starts(data: bytes) -> Iterator[int]:
    for count, found in enumerate(_START.finditer(data)):
        if count == _MOST_STARTS:
            return
        yield found.start()


def _segments(
    data: bytes, start: int, looks: Iterable[int], gap: int | None = None
) -> Iterator[tuple[int, int]]:
    """Kind and place of each marker of the JPEG file at `start`, its end mark the last."""
    at = start + 2
    for _ in looks:
        found = _MARKER.search(data, at, len(data) if gap is None else at + gap)
        if not found:
            return
        kind, at = found[0][-1], found.end()
        yield kind, at
        if kind == _END:
            return
        if kind != _START_MARK and at + 2 <= len(data):
            at += max(2, struct.unpack_from(">H", data, at)[0])


def _pixels(data: bytes, start: int, looks: Iterator[int]) -> int:
    """The size of a picture that can be shown; 0 for other JPEG data and for chance."""
    found, tables = 0, set[int]()
    for kind, at in _segments(data, start, islice(looks, _MOST_SEGMENTS), _WIDEST_GAP):
        if kind in _FRAME and kind not in _NO_FRAME:
            if kind not in _SHOWN or at + 8 > len(data):
                return 0
            bits, height, width, channels = struct.unpack_from(">BHHB", data, at + 2)
            found = width * height if bits == 8 and channels in {1, 3} else 0
        elif kind == _SCAN:
            return found if {0xDB, 0xC4} <= tables else 0
        elif kind in {_START_MARK, _END}:  # another picture's, which has its own turn
            return 0
        tables.add(kind)
    return 0


def _end(data: bytes, start: int) -> int:
    for kind, at in _segments(data, start, range(_MOST_SEGMENTS)):
        if kind == _END:
            return at
    return len(data)
