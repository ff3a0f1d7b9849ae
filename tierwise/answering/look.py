"""What near duplicates are told by: a hash of a picture, then a closer look at two of them.

Runs in the threads of Beam.
"""

from __future__ import annotations

from tierwise.answering.prepare import prepare_single
from tierwise.errors import ImageError
from tierwise.images.limits import Limits
from tierwise.images.picture import Picture
from tierwise.images.unlikeness import unlikeness
from tierwise.near_duplicates import MOST_UNLIKE
from tierwise.records import ImageFile, ImageSettings

_SIDE = 256
# A hash compares light with dark. Where there is next to no difference it says nothing.
_FEATURELESS = 0.999
# As many pixels as any model is shown, which is what `ultra_high` shows (an A4 page on 1,900 x
# 2,700): an answer cannot hang on a detail that is lost here.
_TOKENS = 2240
# Coded once more, so finely that it adds nothing that counts.
_QUALITY = 98


def look(file: ImageFile, limits: Limits, frames: str | int) -> int | None:
    """64 bits; None for files that are not a single picture, cannot be read, or show nothing."""
    picture = _only_picture(file, ImageSettings(_SIDE, frames=frames), limits)
    if picture is None or picture.features is None or picture.features.flat >= _FEATURELESS:
        return None
    return picture.features.perceptual_hash


def show_the_same(one: ImageFile, other: ImageFile, limits: Limits, frames: str | int) -> bool:
    """Whether two files are one picture, saved twice: to the digit, whatever their hashes.

    Of two that cannot be compared nothing is known, so that they are not the same.
    """
    settings = ImageSettings(_SIDE, quality=_QUALITY, frames=frames, tokens=_TOKENS)
    first = _only_picture(one, settings, limits)
    second = _only_picture(other, settings, limits) if first else None
    if first is None or second is None:
        return False
    try:
        return unlikeness(first, second) <= MOST_UNLIKE
    except ImageError:
        return False


def _only_picture(file: ImageFile, settings: ImageSettings, limits: Limits) -> Picture | None:
    """The picture of a file that holds one and can be read."""
    try:
        pages = prepare_single(file, settings, limits, settings.frames)
    except ImageError:
        return None
    if len(pages) > 1:
        return None
    picture = pages[0].pictures[settings]
    return None if isinstance(picture, ImageError) else picture
