"""Which images of a request stand together on a contact sheet, and the sheets as they are sent."""

from __future__ import annotations

from collections.abc import Sequence

from gemini_api.settle import Ask
from tierwise.images.contact_sheet import ContactSheet, draw_contact_sheet

Asks = tuple[Ask, ...]


def by_picture(asks: Sequence[Ask]) -> list[Asks]:
    """The images of a request as they are sent: several on one contact sheet, or each alone."""
    most = asks[0].route.images_per_sheet
    return [tuple(asks[start : start + most]) for start in range(0, len(asks), most)]


def draw_sheets(asks: Sequence[Ask]) -> list[ContactSheet]:
    """The contact sheets of a request, in order. Takes some 10 ms each of a processor.

    Raises:
        ImageError: a picture cannot be drawn.
    """
    sheets, number = [], 1
    for together in by_picture(asks):
        if len(together) > 1:
            settings = together[0].route.image
            sheets.append(
                draw_contact_sheet(
                    [ask.picture.data for ask in together if ask.picture],
                    first_number=number,
                    output_format=settings.output_format,
                    quality=settings.quality,
                )
            )
        number += len(together)
    return sheets
