"""The rivals: what a careful script does with simplejpeg and libvips, and libvips by itself.

No line of tierwise is in here, so that a process of its own has only what such a script has.
"""

from __future__ import annotations

import numpy as np
import pyvips
import simplejpeg

QUALITY = 85
# As tierwise: closer to the wanted size loses small text.
_MARGIN = 1.9
_SCALES = (8, 4, 2, 1)
_HEAD_BYTES = 65_536

# Results of other turns would be found in its cache; there are as many threads as pictures.
pyvips.cache_set_max(0)
pyvips.concurrency_set(1)


def pyvips_thumbnail(data: bytes, side: int) -> bytes:
    """One call of libvips and its own JPEG; 4:2:0 at this quality."""
    small = pyvips.Image.thumbnail_buffer(data, side, height=side, size="down")
    return bytes(small.jpegsave_buffer(Q=QUALITY, keep="none"))


def recipe(data: bytes, side: int, *, colours: bool = False) -> bytes:
    """The fastest known way in Python: libjpeg-turbo halves, libvips filters.

    What is no JPEG is decoded by libvips. Profiles are converted only with `colours`, of a JPEG.
    """
    if data.startswith(b"\xff\xd8"):
        small = _halved(data, side)
    else:
        small = pyvips.Image.thumbnail_buffer(data, side, height=side, size="down")
    if colours:
        small = _in_srgb(small, data)
    shape = (small.height, small.width, small.bands)
    pixels = np.ndarray(shape, dtype=np.uint8, buffer=small.write_to_memory())
    spaces = ("GRAY", "Gray") if small.bands == 1 else ("RGB", "420")
    return bytes(simplejpeg.encode_jpeg(pixels, QUALITY, *spaces))


def _halved(data: bytes, side: int) -> pyvips.Image:
    height, width, space, _ = simplejpeg.decode_jpeg_header(data)
    longest = max(height, width)
    scale = next((scale for scale in _SCALES if longest / scale >= _MARGIN * side), 1)
    pixels = simplejpeg.decode_jpeg(
        data,
        "GRAY" if space == "Gray" else "RGB",
        min_height=-(-height // scale),
        min_width=-(-width // scale),
        strict=False,
    )
    image = pyvips.Image.new_from_memory(pixels, *pixels.shape[1::-1], pixels.shape[2], "uchar")
    factor = side / max(pixels.shape)
    return image.resize(factor, kernel="lanczos3") if factor < 1 else image


def _in_srgb(small: pyvips.Image, data: bytes) -> pyvips.Image:
    at = data.find(b"ICC_PROFILE", 0, _HEAD_BYTES)
    if at < 0:
        return small
    size = int.from_bytes(data[at - 2 : at], "big") - 16
    wide = small.copy(interpretation="srgb")
    profile = data[at + 14 : at + 14 + size]
    wide.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return wide.icc_transform("srgb", embedded=True, intent="relative")
