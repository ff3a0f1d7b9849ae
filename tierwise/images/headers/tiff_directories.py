"""The directories of TIFF files (TIFF 6.0, BigTIFF) and of raw formats that borrow its form."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

NEW_SUBFILE_TYPE, SUBFILE_TYPE = 254, 255
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
DESCRIPTION, MAKE, STRIP_OFFSETS, ORIENTATION, SAMPLES = 270, 271, 273, 274, 277
STRIP_BYTES, LEAST, MOST, TILE_WIDTH, SUB_DIRECTORIES = 279, 280, 281, 322, 330
PLANES, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES = 284, 323, 324, 325
EXTRA_SAMPLES, SAMPLE_FORMAT, LEAST_SAMPLE, MOST_SAMPLE = 338, 339, 340, 341
JPEG_OFFSET, JPEG_BYTES = 513, 514
EXIF, NDPI_VERSION, NO_DATA, DNG_VERSION = 34665, 65420, 42113, 50706

_CODES = {
    1: "B", 2: "B", 3: "H", 4: "I", 5: "II", 6: "b", 7: "B", 8: "h", 9: "i", 10: "ii",
    11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q",
}  # fmt: skip
_MOST_ENTRIES = 4096
_MOST_VALUES = 65_536
_MOST_DIRECTORIES = 65_536


class Sliced(Protocol):
    """Bytes, or a file of which only what is asked for is read."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Directory:
    """One image file directory; `entries` are, by tag, the code, number and place of its values.

    `next_at` is where the file says that another one begins, 0 for the last.
    """

    data: Sliced
    order: str
    entries: Mapping[int, tuple[str, int, int]]
    next_at: int = 0

    def values(self, tag: int) -> tuple[int | float, ...]:
        """What stands under a tag; nothing where it is missing or lies beyond the file's end."""
        code, count, at = self.entries.get(tag, ("", 0, 0))
        form = f"{self.order}{min(count, _MOST_VALUES) * code}"
        size = struct.calcsize(form)
        found = self.data[at : at + size] if count else b""
        return struct.unpack(form, found) if found and len(found) == size else ()

    def number(self, tag: int, default: int = 0) -> int:
        """The first value under a tag as a whole number."""
        return next((int(value) for value in self.values(tag)[:1]), default)

    def text(self, tag: int) -> bytes:
        """The bytes under a tag, up to the first zero."""
        return bytes(int(value) & 255 for value in self.values(tag)).partition(b"\0")[0]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px as stored."""
        return self.number(WIDTH), self.number(HEIGHT)


def directories(data: Sliced) -> Iterator[Directory]:
    """The chain of a file, in order; it ends where it leads nowhere, or back."""
    order, big = ("<" if data[:2] == b"II" else ">"), data[2:4] in {b"+\x00", b"\x00+"}
    at = _number(data, f"{order}{'Q' if big else 'I'}", 8 if big else 4)
    return islice(_chain(data, order, at, big=big), _MOST_DIRECTORIES)


def below(directory: Directory, big: bool = False) -> Iterator[Directory]:
    """The directories that one names as its own (SubIFDs), each with those that follow it."""
    for at in islice(directory.values(SUB_DIRECTORIES), 64):
        yield from islice(_chain(directory.data, directory.order, int(at), big=big), 64)


def _chain(data: Sliced, order: str, at: int, *, big: bool) -> Iterator[Directory]:
    offset, counted, entry = ("Q", "Q", 20) if big else ("I", "H", 12)
    seen: set[int] = set()
    while at and at not in seen:
        seen.add(at)
        count = _number(data, order + counted, at)
        first = at + struct.calcsize(counted)
        if not count or first + count * entry > len(data):
            return
        entries = _entries(data, order, first, min(count, _MOST_ENTRIES), big)
        at = _number(data, order + offset, first + count * entry)
        yield Directory(data, order, entries, at)


def _entries(
    data: Sliced, order: str, first: int, count: int, big: bool
) -> dict[int, tuple[str, int, int]]:
    form, offset, inline = ("HHQ", "Q", 8) if big else ("HHI", "I", 4)
    step = 20 if big else 12
    found: dict[int, tuple[str, int, int]] = {}
    written = data[first : first + count * step]
    for at in range(0, len(written), step):
        tag, kind, number = struct.unpack_from(order + form, written, at)
        code = _CODES.get(kind)
        if code is None:
            continue
        where = at + step - inline
        if number * struct.calcsize(f"={code}") > inline:
            (where,) = struct.unpack_from(order + offset, written, where)
        else:
            where += first
        found.setdefault(tag, (code, number, where))
    return found


def _number(data: Sliced, code: str, at: int) -> int:
    found = data[at : at + struct.calcsize(code)]
    if len(found) < struct.calcsize(code):
        return 0
    value: int = struct.unpack(code, found)[0]
    return value
