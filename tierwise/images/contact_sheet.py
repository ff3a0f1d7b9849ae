"""Small pictures drawn on one canvas, as `tierwise.contact_sheets` lays them out."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tierwise.contact_sheets import GUTTER, layout_of
from tierwise.errors import ImageError
from tierwise.images.encoder import encode
from tierwise.records import Reason

_FORMATS = ("JPEG", "PNG", "WEBP")
_GROUND, _INK = (255, 255, 255), (48, 48, 48)
# What Pillow raises for bytes that it cannot decode.
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError)


@dataclass(frozen=True, slots=True)
class ContactSheet:
    """A canvas, ready to send; sizes in px."""

    data: bytes
    mime_type: str
    width: int
    height: int


def draw_contact_sheet(
    pictures: Sequence[bytes], *, first_number: int, output_format: str, quality: int
) -> ContactSheet:
    """Draw pictures in their order, none of them scaled; the same bytes for the same pictures.

    Args:
        pictures: JPEG, PNG or WebP, small and upright.
        first_number: what stands above the first; the others count on.
        output_format: jpeg or webp.
        quality: 1 to 100.

    Raises:
        ImageError: one cannot be decoded.
    """
    decoded = [_decoded(data) for data in pictures]
    layout = layout_of([picture.size for picture in decoded])
    canvas = Image.new("RGB", layout.size, _GROUND)
    pen = ImageDraw.Draw(canvas)
    for index, picture in enumerate(decoded):
        left, top = layout.corner(index)
        right, bottom = left + picture.width, top + picture.height
        pen.rectangle((left - 1, top - 1, right, bottom), outline=_INK)
        canvas.paste(picture, (left, top))
        number = str(first_number + index)
        pen.text((left, top - 3), number, fill=_INK, font=_font(), anchor="ls")
    data, mime_type = encode(np.asarray(canvas), output_format=output_format, quality=quality)
    return ContactSheet(data, mime_type, *layout.size)


def _decoded(data: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            return image.convert("RGB")
    except _BROKEN as error:
        message = f"a picture cannot be drawn on a contact sheet: {error}"
        raise ImageError(Reason.UNREADABLE, message) from error


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=GUTTER - 1)
