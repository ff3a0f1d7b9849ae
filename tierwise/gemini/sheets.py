"""Which images of a request stand together on a contact sheet, and the sheets as they are sent."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

from tierwise.gemini.settle import Ask, by_image
from tierwise.images.contact_sheet import ContactSheet, draw_contact_sheet

Asks = tuple[Ask, ...]

# A canvas holds some 10 MB of pixels, and drawing one keeps a processor busy.
_drawing = threading.BoundedSemaphore(max(2, os.cpu_count() or 1))


def by_picture(asks: Sequence[Ask]) -> list[Asks]:
    """The images of a request as they are sent: several on one contact sheet, or each alone.

    One question stands for each image.
    """
    images = [questions[0] for questions in by_image(asks)]
    most = asks[0].route.images_per_sheet
    return [tuple(images[start : start + most]) for start in range(0, len(images), most)]


def draw_sheets(asks: Sequence[Ask]) -> list[ContactSheet]:
    """The contact sheets of a request, in order.

    Takes 6 to 30 ms of a processor for each, by its size (`bench/images/sheets.py`).

    Raises:
        ImageError: a picture cannot be drawn.
    """
    sheets, number = [], 1
    for together in by_picture(asks):
        if len(together) > 1:
            settings = together[0].route.image
            with _drawing:
                sheet = draw_contact_sheet(
                    [ask.picture.data for ask in together if ask.picture],
                    first_number=number,
                    output_format=settings.output_format,
                    quality=settings.quality,
                )
            sheets.append(sheet)
        number += len(together)
    return sheets
