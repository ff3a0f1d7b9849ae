"""The words before a picture: the number that it goes by, or those of the images on a sheet.

Other pictures are examples, which are not asked about: a label in quotes stands before each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tierwise.contact_sheets import Grid

# "Image 3:", "Photo #3 (IMG_1.jpg)" or "3.": at most one word, then the number and a mark.
_ONE = re.compile(r"\s*(?:[^\W\d]+\s*)?#?(\d+)\s*(?:\((?P<word>[a-z]{2,12})\)|[:.)(,]|$)")
# "Images 5 to 8 on one sheet: 2 rows and 2 columns", "photos 1-6, 2 rows x 3 columns".
_SHEET = re.compile(
    r"\s*(?:[^\W\d]+\s+)?#?(?P<first>\d{1,4})\s*(?:to|-)\s*#?(?P<last>\d{1,4})\b"
    r"[^\d\n]*\b(?P<rows>\d{1,2})\s*rows?\b[^\d\n]*\b(?P<columns>\d{1,2})\s*columns?\b",
    re.IGNORECASE,
)


# 'Example of "hat":', and what stands between examples and a picture that has no caption.
_EXAMPLE = re.compile(r'\s*Example\b[^"\n]*"[^"\n]*":?\s*\Z')
_AFTER_EXAMPLES = re.compile(r"\s*The (?:picture|image)\b[^\n]*:\s*\Z")


@dataclass(frozen=True, slots=True)
class Caption:
    """The numbers of a picture's images, in reading order; several stand in the cells of `grid`.

    `word` stands in brackets behind a single number, `own` is what follows about that image alone.
    """

    numbers: tuple[int, ...]
    grid: Grid | None = None
    word: str = ""
    own: str = ""


def is_example(text: str) -> bool:
    """Whether the picture behind a text is an example.

    >>> is_example('Example of "hat":'), is_example("Image 1:")
    (True, False)
    """
    return bool(_EXAMPLE.match(text))


def is_after_examples(text: str) -> bool:
    """Whether a text only says that no further example follows."""
    return bool(_AFTER_EXAMPLES.match(text))


def read_caption(text: str) -> Caption | None:
    """The caption that a text begins with, None for other words."""
    if sheet := _SHEET.match(text):
        first, last, rows, columns = (
            int(sheet[name]) for name in ("first", "last", "rows", "columns")
        )
        if first <= last < first + rows * columns:
            return Caption(tuple(range(first, last + 1)), Grid(columns, rows))
    one = _ONE.match(text)
    if one is None:
        return None
    return Caption(
        (int(one[1]),), word=one["word"] or "", own=text[one.end() :].lstrip(" :").rstrip()
    )
