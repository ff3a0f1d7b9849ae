"""The pixels of a picture that is ready to send."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from tierwise.images.picture import Picture
from tierwise.images.raster import Raster

_FORMATS = ("JPEG", "PNG", "WEBP")


def decoded(picture: Picture) -> Raster:
    """Its pixels, one channel where it is grey."""
    with Image.open(io.BytesIO(picture.data), formats=_FORMATS) as image:
        pixels = np.asarray(image.convert("L" if image.mode == "L" else "RGB"))
    shaped = pixels.reshape(*pixels.shape[:2], -1)
    return Raster(shaped, picture.original_width, picture.original_height)
