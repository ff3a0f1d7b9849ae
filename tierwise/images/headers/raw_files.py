"""Raw photographs: told by their signature or tags, shown by the largest preview inside.

What a camera or a converter shows of a raw file is a JPEG that lies in it, often as large as the
photograph. Raw samples are not developed here: that takes a camera's own recipe.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from tierwise.errors import ImageError
from tierwise.images.headers.exif import exif_orientation
from tierwise.images.headers.header import Header, broken
from tierwise.images.headers.jpeg_header import read_jpeg_header
from tierwise.images.headers.jpeg_inside import largest_jpeg
from tierwise.images.headers.tiff_directories import (
    COMPRESSION,
    DNG_VERSION,
    JPEG_BYTES,
    JPEG_OFFSET,
    MAKE,
    PHOTOMETRIC,
    Directory,
    below,
    directories,
)
from tierwise.images.headers.tiff_header import is_big, orientation_of
from tierwise.records import Reason

# Formats that their first bytes tell; others look like TIFF, and their tags tell.
BY_SIGNATURE = frozenset({"cr3", "crw", "mrw", "orf", "raf", "rw2", "x3f"})
_BY_MAKER = {
    b"NIKON": "nef", b"SONY": "arw", b"PENTAX": "pef", b"RICOH": "pef", b"SAMSUNG": "srw",
    b"HASSEL": "3fr", b"PHASE": "iiq", b"EPSON": "erf", b"LEICA": "rwl", b"KODAK": "dcr",
}  # fmt: skip
_LIKE_TIFF = {"orf", "rw2"}
_COLOUR_FILTERS, _LINEAR_RAW = 32803, 34892
# Sony, Samsung, Nikon, and Pentax or Kodak.
_RAW_COMPRESSIONS = {32767, 32770, 34713, 65535, 65000}
_MOST_DIRECTORIES = 64


def raw_format(data: bytes, found: str) -> str | None:
    """The format of a raw file by its maker, `raw` of an unknown one; None when it is none."""
    if found in BY_SIGNATURE:
        return found
    if found != "tiff":
        return None
    if data[8:10] == b"CR":
        return "cr2"
    every = list(_every_directory(data))
    if any(DNG_VERSION in one.entries for one in every[:1]):
        return "dng"
    if not any(map(_holds_raw_samples, every)):
        return None
    maker = every[0].text(MAKE).upper()
    return next((name for start, name in _BY_MAKER.items() if maker.startswith(start)), "raw")


def read_raw_header(data: bytes, name: str, found: str) -> Header:
    """The header of the largest preview, with where it lies.

    Raises:
        ImageError: `unsupported_format` where there is no preview; `unreadable` where the file ends
            before one that it tells of.
    """
    if any(end > len(data) for end in _ends_of_previews(data, found)):
        raise broken(name, found, "it is cut off before its preview ends")
    place = largest_jpeg(data)
    if place is None:
        raise ImageError(
            Reason.UNSUPPORTED_FORMAT,
            f"{name}: {found.upper()} without a preview that can be shown. Develop it first, as "
            "JPEG or TIFF.",
        )
    preview = read_jpeg_header(data[slice(*place)], name)
    turned = _orientation(data, found) or preview.orientation
    return replace(preview, orientation=turned, clean=False, container=found, place=place)


def _holds_raw_samples(directory: Directory) -> bool:
    if directory.number(PHOTOMETRIC) in {_COLOUR_FILTERS, _LINEAR_RAW}:
        return True
    return MAKE in directory.entries and directory.number(COMPRESSION) in _RAW_COMPRESSIONS


def _every_directory(data: bytes) -> Iterator[Directory]:
    for one in islice(directories(data), _MOST_DIRECTORIES):
        yield one
        yield from islice(below(one, is_big(data)), _MOST_DIRECTORIES)


def _ends_of_previews(data: bytes, found: str) -> Iterator[int]:
    if found in BY_SIGNATURE - _LIKE_TIFF:
        return
    for one in _every_directory(data):
        if one.number(JPEG_BYTES):
            yield one.number(JPEG_OFFSET) + one.number(JPEG_BYTES)


def _orientation(data: bytes, found: str) -> int:
    """What the raw file says of itself; 0 where only its preview may."""
    if found == "cr3":
        at = data.find(b"CMT1", 0, 1_000_000)
        return (exif_orientation(data[at + 4 : at + 70_000]) or 0) if at >= 0 else 0
    if found in BY_SIGNATURE - _LIKE_TIFF:
        return 0
    return next((orientation_of(one) for one in directories(data)), 0)
