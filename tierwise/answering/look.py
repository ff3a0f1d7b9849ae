"""The perceptual hash of a file's picture. Runs in the threads of Beam."""

from __future__ import annotations

from tierwise.answering.prepare import prepare_file
from tierwise.errors import ImageError
from tierwise.images.limits import Limits
from tierwise.records import ImageFile, ImageSettings

_SIDE = 256
# A hash compares light with dark. Where there is next to no difference it says nothing.
_FEATURELESS = 0.999


def look(file: ImageFile, limits: Limits, frames: str | int) -> int | None:
    """64 bits; None for files that are not a single picture, cannot be read, or show nothing."""
    if file.problem:
        return None
    settings = ImageSettings(_SIDE, frames=frames)
    try:
        pages = prepare_file(file, [settings], limits, frames)
    except ImageError:
        return None
    picture = pages[0].pictures[settings]
    if len(pages) > 1 or isinstance(picture, ImageError) or picture.features is None:
        return None
    if picture.features.flat >= _FEATURELESS:
        return None
    return picture.features.perceptual_hash
