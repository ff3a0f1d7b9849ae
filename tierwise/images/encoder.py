"""Pixels to the bytes that are sent; nothing but the picture is in them."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
import simplejpeg
from PIL import Image

from tierwise.images.colour_detail import has_coloured_print
from tierwise.images.decoders.vips import from_pixels
from tierwise.images.headers.jpeg_header import read_jpeg_header
from tierwise.images.raster import Pixels

# Vertex AI refuses larger inline pictures (docs of multimodal requests: 7 MB).
MOST_BYTES = 7_000_000
_LOWER = 10


def encode(
    pixels: Pixels, *, output_format: str, quality: int, compact: bool = False
) -> tuple[bytes, str]:
    """Encode as `jpeg` or `webp` and name the MIME type; `quality` is 1 to 100.

    Colour keeps all its pixels where fine coloured strokes would lose it (`colour_detail`), else a
    quarter of them. `compact` fits the JPEG's codes to the picture: up to a millisecond for 2 % of
    a photograph, but 6 % of a page of text, whose flat paper the standard codes serve badly. What
    services would refuse for its size is coded at a lower quality.
    """
    if output_format not in {"jpeg", "webp"}:
        raise ValueError(f"output_format is {output_format!r}; it is jpeg or webp")
    whole_colour = has_coloured_print(pixels)
    while True:
        data = _encoded(pixels, output_format, quality, compact=compact, whole_colour=whole_colour)
        if len(data) <= MOST_BYTES or quality <= _LOWER:
            return data, f"image/{output_format}"
        quality -= _LOWER


@lru_cache
def steps_at(quality: int) -> int:
    """`Header.steps` of a JPEG that is encoded at this quality."""
    data = simplejpeg.encode_jpeg(np.zeros((8, 8, 1), dtype=np.uint8), quality, "GRAY", "Gray")
    return read_jpeg_header(data, "encoded").steps


def _encoded(
    pixels: Pixels, output_format: str, quality: int, *, compact: bool, whole_colour: bool
) -> bytes:
    if output_format == "webp":
        options = {"Q": quality, "keep": "none", "smart_subsample": whole_colour}
        return bytes(from_pixels(pixels).webpsave_buffer(**options))
    grey = pixels.shape[2] == 1
    if compact:
        buffer = io.BytesIO()
        image = Image.fromarray(pixels[..., 0] if grey else pixels)
        subsampling = "4:4:4" if whole_colour else "4:2:0"
        image.save(buffer, "JPEG", quality=quality, optimize=True, subsampling=subsampling)
        return buffer.getvalue()
    colour = "444" if whole_colour else "420"
    return bytes(
        simplejpeg.encode_jpeg(
            pixels, quality, "GRAY" if grey else "RGB", "Gray" if grey else colour
        )
    )
