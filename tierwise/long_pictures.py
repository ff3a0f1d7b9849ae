"""Very long pictures cut into overlapping parts, each an image: `image: {split: long}`.

A receipt or a page that was scrolled has more small print than the tokens of one picture show.
Parts are as long as so many tokens show them whole (but for the whole rows and columns of a grid),
and no shorter than wide; neighbours share a strip, so that a line at a cut is whole in one.
"""

from __future__ import annotations

from tierwise.records import CUT, is_cut
from tierwise.tiers import shown_by, shown_length

# A picture is long from this ratio of its sides.
_LONG_SIDES = 2
# Of the shorter side, what neighbours share.
_SHARED = 8
MOST_PARTS = 16

Box = tuple[int, int, int, int]


def long_split(tokens: int) -> str:
    """The choice of images that cuts what so many tokens do not show whole."""
    return f"{CUT}{tokens}"


def split_tokens(choice: str | int) -> int:
    """The tokens that show each part; 0 where a choice of images cuts nothing.

    >>> split_tokens(long_split(280)), split_tokens("middle"), split_tokens(3)
    (280, 0, 0)
    """
    written = str(choice)
    return int(written.removeprefix(CUT)) if is_cut(choice) else 0


def parts_of(width: int, height: int, tokens: int) -> list[Box]:
    """Left, top, right and bottom of each part in px, from the top or from the left.

    One that is not long, or that so many tokens show whole, is one part.
    """
    long, short = max(width, height), min(width, height)
    whole = [(0, 0, width, height)]
    shown = bool(short) and shown_by(tokens, width, height) == (width, height)
    if not short or shown or long < _LONG_SIDES * short:
        return whole
    shared = short // _SHARED
    length = max(short, shown_length(tokens, short))
    if length >= long:
        return whole
    count = min(MOST_PARTS, -(-(long - shared) // (length - shared)))
    # Equal parts: the last would else be a strip.
    length = -(-(long + (count - 1) * shared) // count)
    starts = [index * (long - length) // max(1, count - 1) for index in range(count)]
    if width > height:
        return [(start, 0, start + length, height) for start in starts]
    return [(0, start, width, start + length) for start in starts]
