"""The directories of a TIFF file (TIFF 6.0 and BigTIFF): how many pages, how large."""

from __future__ import annotations

import struct
from typing import Protocol

from tierwise.images.headers.header import Header, broken

_WIDTH, _HEIGHT, _ORIENTATION = 256, 257, 274
_SHORT = 3
_PIXEL_BYTES = 4
_MOST_ENTRIES = 4096


class Sliced(Protocol):
    """Bytes, or a file of which only what is asked for is read."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> bytes: ...


def read_tiff_header(data: Sliced, name: str, *, most_pages: int) -> Header:
    """Count pages (`frames`), one more than `most_pages` at most; `held_bytes` is the largest's.

    Size and orientation are those of the first page.

    Raises:
        ImageError: `unreadable` when there is no directory.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in {b"+\x00", b"\x00+"}
    offset, count_code, entry = ("Q", "Q", 20) if big else ("I", "H", 12)
    seen: set[int] = set()
    held, first_page = 0, {_WIDTH: 0, _HEIGHT: 0, _ORIENTATION: 1}
    at = _number(data, order + offset, 8 if big else 4)
    while at and at not in seen and len(seen) <= most_pages:
        count = _number(data, order + count_code, at)
        first = at + struct.calcsize(count_code)
        if not count or first + count * entry > len(data):
            break
        page = _tags(data, order, first, min(count, _MOST_ENTRIES), entry)
        first_page = first_page if seen else page
        held = max(held, page[_WIDTH] * page[_HEIGHT])
        seen.add(at)
        at = _number(data, order + offset, first + count * entry)
    if not seen:
        raise broken(name, "tiff", "it holds no directory; the file may be cut off")
    orientation = first_page[_ORIENTATION]
    return Header(
        "tiff",
        first_page[_WIDTH],
        first_page[_HEIGHT],
        orientation=orientation if 1 <= orientation <= 8 else 1,
        frames=len(seen),
        held_bytes=held * _PIXEL_BYTES,
    )


def _tags(data: Sliced, order: str, first: int, count: int, entry: int) -> dict[int, int]:
    """What one directory says of size and orientation."""
    found = {_WIDTH: 0, _HEIGHT: 0, _ORIENTATION: 1}
    directory = data[first : first + count * entry]
    for at in range(0, len(directory), entry):
        tag, kind = struct.unpack_from(f"{order}HH", directory, at)
        if tag in found:
            code = "H" if kind == _SHORT else "I"
            found[tag] = _number(directory, order + code, at + (8 if entry == 12 else 12))
    return found


def _number(data: Sliced, code: str, at: int) -> int:
    found = data[at : at + struct.calcsize(code)]
    if len(found) < struct.calcsize(code):
        return 0
    value: int = struct.unpack(code, found)[0]
    return value
