"""Which directories of a TIFF file are pictures; docs/formats.md has the table.

TIFF 6.0 tells reduced copies and masks by NewSubfileType. Slide scanners add a thumbnail, a label
and a view of the whole slide, and some programs write pyramids without saying so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tierwise.images.headers.tiff_directories import (
    DESCRIPTION,
    EXIF,
    JPEG_BYTES,
    NDPI_VERSION,
    NEW_SUBFILE_TYPE,
    PHOTOMETRIC,
    SUBFILE_TYPE,
    TILE_WIDTH,
    Directory,
    below,
)

_REDUCED, _MASK = 1, 4  # bits of NewSubfileType
_OLD_REDUCED = 2  # value of SubfileType
_TRANSPARENCY_MASK = 4  # value of PhotometricInterpretation
_OF_ONE_PICTURE = (b"Aperio", b"<scn", b"<?xml")  # descriptions of slides
_MOST_SIZES = 100  # of tiled pages whose copies are known; scanners write a handful

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class TiffPage:
    """A picture of a file: its directory by its place in the chain, or the `sub`-th below that."""

    directory: Directory
    place: int
    sub: int = -1


def pages_of(chain: Sequence[Directory], *, big: bool = False) -> list[TiffPage]:
    """The pictures, in the order of the file; all that is there where none is a picture."""
    pages = [TiffPage(one, place) for place, one in enumerate(chain)]
    whole = [page for page in pages if not _is_reduced(page.directory) and not _is_mask(page)]
    if not whole:
        whole = [
            TiffPage(one, page.place, sub)
            for page in pages
            for sub, one in enumerate(below(page.directory, big))
            if not _is_reduced(one) and one.size != (0, 0)
        ]
    whole = whole or [page for page in pages if not _is_mask(page)] or pages
    return _of_slide(whole) or _without_copies(_without_thumbnail(whole))


def _is_reduced(directory: Directory) -> bool:
    if directory.number(SUBFILE_TYPE) == _OLD_REDUCED:
        return True
    return bool(directory.number(NEW_SUBFILE_TYPE) & (_REDUCED | _MASK))


def _is_mask(page: TiffPage) -> bool:
    kind = page.directory.number(NEW_SUBFILE_TYPE)
    return bool(kind & _MASK) or page.directory.number(PHOTOMETRIC, -1) == _TRANSPARENCY_MASK


def _of_slide(pages: list[TiffPage]) -> list[TiffPage]:
    """The one picture of a slide scanner's file; nothing for other files."""
    first = pages[0].directory
    if NDPI_VERSION in first.entries or first.text(DESCRIPTION).startswith(b"Aperio"):
        return pages[:1]
    if b"<iScan" in first.text(700):
        levels = [page for page in pages if b"level=0" in page.directory.text(DESCRIPTION)]
        return levels[:1]
    return []


def _without_thumbnail(pages: list[TiffPage]) -> list[TiffPage]:
    """Leave out what cameras write into the second directory of a file with EXIF."""
    if len(pages) < 2 or EXIF not in pages[0].directory.entries:
        return pages
    large, small = pages[0].directory, pages[1].directory
    smaller = 2 * small.size[0] <= large.size[0] and 2 * small.size[1] <= large.size[1]
    return pages[:1] + pages[2:] if smaller and small.number(JPEG_BYTES) else pages


def _without_copies(pages: list[TiffPage]) -> list[TiffPage]:
    """Leave out tiled directories that halve one before them, once or several times."""
    kept: list[TiffPage] = []
    sizes, copies = set[Size](), set[Size]()
    for page in pages:
        size = page.directory.size if page.directory.number(TILE_WIDTH) else None
        if size in copies:
            continue
        kept.append(page)
        if size and size not in sizes and len(sizes) < _MOST_SIZES:
            sizes.add(size)
            copies.update(_copies_of(size))
    return kept


def _copies_of(size: Size) -> Iterator[Size]:
    """What a picture of this size may measure halved, however programs round."""
    before, half = size, _half(size)
    while half != before:
        for width in range(half[0] - 2, half[0] + 3):
            for height in range(half[1] - 2, half[1] + 3):
                if width < before[0] and height < before[1]:
                    yield width, height
        before, half = half, _half(half)


def _half(size: Size) -> Size:
    return (size[0] + 1) // 2, (size[1] + 1) // 2
