"""From bytes to a header: the one place that knows which reader serves which format."""

from __future__ import annotations

from tierwise.images.gif_header import read_gif_header
from tierwise.images.header import Header, check_size
from tierwise.images.jpeg_header import read_jpeg_header
from tierwise.images.limits import Limits
from tierwise.images.png_header import read_png_header
from tierwise.images.signatures import supported_format
from tierwise.images.tiff_header import read_tiff_header
from tierwise.images.webp_header import read_webp_header

_READERS = {
    "jpeg": read_jpeg_header,
    "png": read_png_header,
    "webp": read_webp_header,
    "gif": read_gif_header,
}


def read_header(data: bytes, *, name: str, limits: Limits) -> Header:
    """Read what the file says about itself and refuse what is too large.

    Formats whose headers only their decoder reads come back with sizes of 0; the decoder then
    checks them.

    Raises:
        ImageError: `unreadable`, `unsupported_format` or `too_large`.
    """
    found = supported_format(data, name)
    if found == "tiff":
        return read_tiff_header(data, name, most_pages=limits.pages)
    reader = _READERS.get(found)
    if reader is None:
        return Header(found)
    header = reader(data, name)
    check_size(header.width, header.height, held=header.held_bytes, name=name, limits=limits)
    return header
