"""From bytes to a header: the one place that knows which reader serves which format."""

from __future__ import annotations

from collections.abc import Callable

from tierwise.images.headers.gif_header import read_gif_header
from tierwise.images.headers.header import Header, check_size
from tierwise.images.headers.jpeg_header import read_jpeg_header
from tierwise.images.headers.plain_headers import (
    read_avif_header,
    read_bmp_header,
    read_heic_header,
    read_jp2_header,
    read_pdf_header,
)
from tierwise.images.headers.png_header import read_png_header
from tierwise.images.headers.psd_header import read_psd_header
from tierwise.images.headers.raw_files import raw_format, read_raw_header
from tierwise.images.headers.signatures import supported_format
from tierwise.images.headers.tiff_header import read_tiff_header
from tierwise.images.headers.webp_header import read_webp_header
from tierwise.images.limits import Limits

_READERS: dict[str, Callable[[bytes, str], Header]] = {
    "jpeg": read_jpeg_header,
    "png": read_png_header,
    "webp": read_webp_header,
    "gif": read_gif_header,
    "bmp": read_bmp_header,
    "jp2": read_jp2_header,
    "heic": read_heic_header,
    "avif": read_avif_header,
    "pdf": read_pdf_header,
    "psd": read_psd_header,
}
# Their size is known only to their decoder, or differs by page; it checks.
_CHECKED_LATER = {"bmp", "jp2", "heic", "avif", "pdf"}


def read_header(data: bytes, *, name: str, limits: Limits) -> Header:
    """Read what the file says about itself and refuse what is too large.

    Raises:
        ImageError: `unreadable`, `unsupported_format` or `too_large`.
    """
    found = supported_format(data, name)
    if raw := raw_format(data, found):
        header = read_raw_header(data, name, raw)
    elif found == "tiff":
        return read_tiff_header(data, name, most_pages=limits.pages)
    else:
        header = _READERS[found](data, name)
    if header.width * header.height or found not in _CHECKED_LATER:
        check_size(header.width, header.height, held=header.held_bytes, name=name, limits=limits)
    return header
