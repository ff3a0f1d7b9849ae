"""One part of a long picture, decoded with the whole and cut out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tierwise.images.headers.header import Header
from tierwise.images.raster import Raster
from tierwise.long_pictures import Box, parts_of, split_tokens
from tierwise.records import ImageSettings
from tierwise.sizes import sent_size

# Their header tells the upright size.
_MEASURED = {"jpeg", "mpo", "png", "webp", "gif", "bmp", "jp2", "tiff"}


def cuts_of(header: Header, frames: str | int) -> list[Box]:
    """The parts of a picture, in px; none where it is not cut, as of a file with pages."""
    tokens = split_tokens(frames)
    if not tokens or header.format not in _MEASURED:
        return []
    if header.format == "tiff" and header.frames > 1:
        return []
    cuts = parts_of(*header.upright_size, tokens)
    return cuts if len(cuts) > 1 else []


def whole_for(setting: ImageSettings, header: Header, cut: Box) -> ImageSettings:
    """How large the whole picture has to be, so that a part of it has the size of the setting."""
    width, height = cut[2] - cut[0], cut[3] - cut[1]
    scale = max(sent_size(setting, width, height)) / max(width, height)
    side = max(1, round(max(header.upright_size) * scale))
    return replace(setting, max_side=side, tokens=0)


def cut_out(raster: Raster, cut: Box) -> Raster:
    """A part of a picture that was decoded at any size."""
    across = raster.size[0] / raster.original_width
    down = raster.size[1] / raster.original_height
    left, right = round(cut[0] * across), max(1, round(cut[2] * across))
    top, bottom = round(cut[1] * down), max(1, round(cut[3] * down))
    return replace(
        raster,
        pixels=np.ascontiguousarray(raster.pixels[top:bottom, left:right]),
        original_width=cut[2] - cut[0],
        original_height=cut[3] - cut[1],
        altered=True,
    )
