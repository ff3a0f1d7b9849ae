"""PDF pages through PDFium, rendered at the size that is wanted and no larger.

Runs only in the helper process: PDFium is not made for threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pypdfium2

from tierwise.errors import ImageError
from tierwise.images.limits import Limits
from tierwise.images.raster import Raster
from tierwise.images.vips import first_line
from tierwise.images.vips_decoder import colour
from tierwise.records import Reason

# PDFium rounds sizes up; a hair less keeps the longest side at the wanted px.
_HAIR = 0.001


def decode_pdf(
    data: bytes, *, page: int, side: int, background: str, name: str, limits: Limits
) -> Raster:
    """Render one page to the longest side `side` px.

    Raises:
        ImageError: `unreadable` when the file or the page is broken or needs a password.
    """
    document = _open(data, name)
    try:
        sheet = document[page]
        points = sheet.get_size()
        longest = max(points)
        if longest <= 0 or longest > 1_000_000:
            raise ImageError(
                Reason.UNREADABLE,
                f"{name}: PDF page {page + 1} is {points[0]:g} × {points[1]:g} points large.",
            )
        bitmap = sheet.render(
            scale=(side - _HAIR) / longest,
            fill_color=(*colour(background), 255),
            rev_byteorder=True,
        )
        pixels = np.ascontiguousarray(bitmap.to_numpy()[..., :3])
    except pypdfium2.PdfiumError as error:
        raise ImageError(
            Reason.UNREADABLE,
            f"{name}: PDF page {page + 1} that cannot be rendered: {first_line(error)}.",
        ) from error
    finally:
        document.close()
    return Raster(pixels, round(points[0]), round(points[1]), altered=True)


def count_pages(data: bytes, name: str) -> int:
    """Count the pages.

    Raises:
        ImageError: `unreadable` when the file is broken, needs a password or has no page.
    """
    document = _open(data, name)
    try:
        pages = len(document)
    finally:
        document.close()
    if not pages:
        raise ImageError(Reason.UNREADABLE, f"{name}: PDF without pages.")
    return pages


def _open(data: bytes, name: str) -> Any:
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise ImageError(
            Reason.UNREADABLE, f"{name}: PDF that cannot be opened: {first_line(error)}."
        ) from error
