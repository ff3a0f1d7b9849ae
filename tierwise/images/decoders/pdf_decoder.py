"""PDF pages through PDFium, rendered at the size that is wanted and no larger.

Runs only in the helper process: PDFium is not made for threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pypdfium2

from tierwise.errors import ImageError
from tierwise.images.decoders.original import Original, WantedView
from tierwise.images.decoders.pdf_damage import check_pictures
from tierwise.images.decoders.pdf_layers import hide_annotations
from tierwise.images.decoders.transparency import colour
from tierwise.images.raster import Raster
from tierwise.records import Reason

# PDFium rounds sizes up; a hair less keeps the longest side at the wanted px.
_HAIR = 0.001
_LONGEST_POINTS = 1_000_000
_PX_PER_POINT = 1_000


def decode_pdf(original: Original, view: WantedView) -> Raster:
    """Render one page.

    Raises:
        ImageError: `unreadable` when the file or the page is broken or needs a password.
    """
    document = _open(original)
    try:
        if document.get_formtype():
            document.init_forms()
        sheet = document[view.frame]
        hide_annotations(document, sheet, view.frame)
        if not original.limits.accept_truncated:
            check_pictures(original, document, sheet)
        points = sheet.get_size()
        longest = max(points)
        if not 0 < longest <= _LONGEST_POINTS:
            raise original.unreadable(f"page {view.frame + 1} is {longest:g} points long")
        bitmap = sheet.render(
            scale=(max(view.size(*_endless(points))) - _HAIR) / longest,
            fill_color=(*colour(view.background or "#ffffff"), 255),
            rev_byteorder=True,
        )
        pixels = np.ascontiguousarray(bitmap.to_numpy()[..., :3])
    except pypdfium2.PdfiumError as error:
        raise original.unreadable(error) from error
    finally:
        document.close()
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    return Raster(pixels, round(points[0]), round(points[1]), altered=True)


def _endless(points: tuple[float, float]) -> tuple[int, int]:
    """The shape of a page with more px than anybody wants: it has as many as one likes."""
    return max(1, round(points[0] * _PX_PER_POINT)), max(1, round(points[1] * _PX_PER_POINT))


def count_pages(original: Original) -> int:
    """Count the pages.

    Raises:
        ImageError: `unreadable` when the file is broken, needs a password or has no page.
    """
    document = _open(original)
    try:
        pages = _loadable(document, len(document), original.limits.pages)
    finally:
        document.close()
    if not pages:
        raise ImageError(Reason.UNREADABLE, f"{original.name}: PDF without a page that opens.")
    return pages


def _loadable(document: Any, pages: int, most: int) -> int:
    """Leave out pages at the end that do not exist, however many the file says."""
    while 0 < pages <= most:
        try:
            document[pages - 1].close()
        except pypdfium2.PdfiumError:
            pages -= 1
        else:
            break
    return pages


def _open(original: Original) -> Any:
    try:
        return pypdfium2.PdfDocument(original.data)
    except pypdfium2.PdfiumError as error:
        raise original.unreadable(error) from error
