"""What is wrong with the pictures on a page that PDFium draws as far as it can.

Most scans are such a page. Only pictures of a single filter are looked at: what else is on a page
cannot be told from the outside.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

import pypdfium2

from tierwise.errors import ImageError
from tierwise.images.decoders.deflated import damage_of_deflated
from tierwise.images.decoders.jpeg_decoder import check_jpeg
from tierwise.images.decoders.original import Original
from tierwise.images.headers.jpeg_header import read_jpeg_header
from tierwise.records import Reason

_MOST_PICTURES = 200
_END_OF_JPEG = b"\xff\xd9"


def check_pictures(original: Original, document: Any, sheet: Any) -> None:
    """Check the pictures on a page.

    Raises:
        ImageError: one is damaged.
    """
    raw = pypdfium2.raw
    if raw.FPDF_GetSecurityHandlerRevision(document) >= 0:
        return  # what can be had of them is encrypted
    for picture in islice(sheet.get_objects([raw.FPDF_PAGEOBJ_IMAGE]), _MOST_PICTURES):
        filters = picture.get_filters()
        if filters == ["DCTDecode"]:
            _check_photograph(original, bytes(picture.get_data()))
        elif filters == ["FlateDecode"]:
            told = picture.get_metadata()
            enough = (told.width * told.bits_per_pixel + 7) // 8 * told.height
            if problem := damage_of_deflated(bytes(picture.get_data()), enough):
                raise original.damaged(f"a picture on the page: {problem}")


def _check_photograph(original: Original, data: bytes) -> None:
    data += _END_OF_JPEG  # some writers leave it out
    try:
        header = read_jpeg_header(data, original.name)
        check_jpeg(Original(data, header, original.name, original.limits, len(data)))
    except ImageError as error:
        if error.reason is Reason.UNREADABLE:
            raise original.damaged(f"a picture on the page: {error.message}") from error
