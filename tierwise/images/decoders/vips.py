"""libvips, set up once for this process: known decoders only, no cache, threads from outside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyvips

from tierwise.images.raster import Pixels

_LOADERS = ("Jpeg", "Png", "Webp", "Nsgif", "Tiff")
_ORDINARY = {1: "b-w", 3: "srgb"}

# Error texts may quote the file in any encoding; pyvips expects UTF-8 and fails over others.
VIPS_ERRORS: tuple[type[Exception], ...] = (pyvips.Error, UnicodeDecodeError)


def _set_up() -> None:
    # A cache would hold pixels of past pictures; one thread per operation, because the pipeline
    # already works on as many pictures as there are cores.
    pyvips.cache_set_max(0)
    # Its handler fails over text that is no UTF-8; ours is in `complaints`.
    getattr(pyvips, "_remove_log_handler", lambda: None)()
    pyvips.concurrency_set(1)
    pyvips.operation_block_set("VipsForeignLoad", True)
    for loader in _LOADERS:
        pyvips.operation_block_set(f"VipsForeignLoad{loader}", False)


_set_up()


def from_pixels(pixels: Pixels) -> Any:
    """Wrap grey or RGB pixels without copying; they must outlive the image."""
    height, width, channels = pixels.shape
    image = pyvips.Image.new_from_memory(pixels, width, height, channels, "uchar")
    return image.copy(interpretation=_ORDINARY[channels])


def to_pixels(image: Any) -> Pixels:
    """Compute an 8-bit image; this is where its decoding errors are raised."""
    memory = np.frombuffer(image.write_to_memory(), dtype=np.uint8)
    return memory.reshape(image.height, image.width, image.bands)


def with_profile(image: Any, profile: bytes) -> Any:
    """Attach an ICC profile."""
    image = image.copy()
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return image
