"""A picture that was sent, once more and small, for people to look at."""

from __future__ import annotations

from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.images.picture import Picture
from tierwise.records import ImageSettings

# Px of the longest side; some 4 KB of a photograph.
LONGEST_SIDE = 160
_QUALITY = 70


def thumbnail(picture: Picture) -> bytes:
    """A JPEG without metadata, at most 160 px long.

    Smaller pictures lose one pixel, so that they are coded anew as well: original bytes may be
    many, and may hide something that no decoder shows.

    Raises:
        ImageError: it cannot be decoded, which no picture of ours should be.
    """
    side = min(LONGEST_SIDE, max(1, max(picture.width, picture.height) - 1))
    settings = ImageSettings(side, _QUALITY)
    small = optimize(
        picture.data, name="a picture that was sent", page=1, settings=settings, limits=Limits()
    )
    return small.data
