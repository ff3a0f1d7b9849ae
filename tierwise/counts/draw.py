"""Which pictures people are asked to label: a draw at random that can be repeated and extended.

Each picture has a number from a hash of the seed, its content and its page; those with the lowest
numbers are drawn. So the first hundred of a larger draw are the smaller draw, twins of one content
are drawn once, and nothing that was answered can have a say in it.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

from tierwise.records import Reason

# Files with these have no picture that anybody has seen: they are no part of what is counted.
_NO_PICTURE = {Reason.UNREADABLE, Reason.UNSUPPORTED_FORMAT, Reason.TOO_LARGE}


class Drawn(StrEnum):
    """How a picture came to be labelled."""

    RANDOM = "random"
    CHOSEN = "chosen"


# The column of a manifest, or of a sheet, that says so.
DRAWN = "drawn"


def is_random(cell: object) -> bool:
    """Whether a cell of that column says that the picture was drawn at random.

    >>> is_random(" Random"), is_random("chosen"), is_random(None)
    (True, False, False)
    """
    return str(cell or "").strip().casefold() == Drawn.RANDOM


def draw_number(seed: int, content_hash: str, page: int) -> int:
    """From 0 to 2**64 - 1, evenly spread.

    >>> draw_number(0, "sha256:ab", 1) == draw_number(0, "sha256:ab", 1)
    True
    """
    said = f"{seed}/{content_hash}/{page}".encode()
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), "big")


def is_counted(content_hash: str | None, reason: str | None = None) -> bool:
    """Whether a picture can be drawn and counted; `reason` is that of a failure."""
    return bool(content_hash) and reason not in _NO_PICTURE
