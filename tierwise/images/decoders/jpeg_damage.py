"""Which of libjpeg-turbo's warnings tell of pixels that are wrong.

It decodes on when a code is impossible, data end early or restart marks are missing, and reports
only its first warning. So where that one is about the header, the header has to be put right and
the file decoded again, to hear of what is behind it.
"""

from __future__ import annotations

import re

import simplejpeg

from tierwise.images.decoders.original import Original
from tierwise.images.raster import Pixels

_OF_HEADER = re.compile(
    r"Unknown Adobe color transform|unknown JFIF revision|Invalid SOS parameters"
    r"|extraneous bytes before marker 0x(?:c[0-9a-f]|d[a-f0-7]|e[0-9a-f]|fe)"
)
_BEFORE_END = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
_EMPTY_PARAMETERS = "Invalid SOS parameters"  # of later scans of a file that is not progressive
_END = b"\xff\xd9"
_SPACES = {1: "GRAY", 3: "RGB", 4: "CMYK"}


def pixels_of(data: bytes, channels: int, size: tuple[int, int], *, strict: bool) -> Pixels:
    """Decode to at least this size.

    Raises:
        ValueError: the file cannot be decoded; where `strict`, also with the first warning.
    """
    pixels: Pixels = simplejpeg.decode_jpeg(
        data, _SPACES[channels], min_width=size[0], min_height=size[1], strict=strict
    )
    return pixels


def may_be_of_header(warning: str) -> bool:
    """Tell whether a warning may be about what stands in front of the first scan, and harmless."""
    return _OF_HEADER.search(warning) is not None


def tells_of_damage(warning: str, original: Original) -> bool:
    """Tell whether pixels are wrong in a file whose plain header is not what was warned of."""
    if found := _BEFORE_END.search(warning):
        end = original.data.find(_END, original.header.scan_at)
        return not _is_filling(original.data[:end], int(found[1]))
    return _EMPTY_PARAMETERS not in warning


def _is_filling(data: bytes, length: int) -> bool:
    """Tell whether a writer put these last bytes behind its codes: one odd byte, or all the same.

    Codes that were not read are the trace of others that were read wrongly.
    """
    return length <= 1 or not data[-length:].strip(b"\0") or not data[-length:].strip(b"\xff")
