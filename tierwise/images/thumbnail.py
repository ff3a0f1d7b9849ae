"""A picture that is sent, once more and small, for people to look at."""

from __future__ import annotations

from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.images.picture import Picture
from tierwise.images.small_copy import LONGEST_SIDE, QUALITY
from tierwise.records import ImageSettings


def thumbnail(picture: Picture) -> bytes:
    """A JPEG without metadata of a picture that was sent, at most 160 px long.

    Smaller pictures lose one pixel, so that they are coded anew as well: original bytes may be
    many, and may hide something that no decoder shows.

    Raises:
        ImageError: it cannot be decoded, which no picture of ours should be.
    """
    side = min(LONGEST_SIDE, max(1, max(picture.width, picture.height) - 1))
    settings = ImageSettings(side, QUALITY)
    small = optimize(
        picture.data, name="a picture that was sent", page=1, settings=settings, limits=Limits()
    )
    return small.data
