"""How a task puts images together: which belong to a group, and how many of them are sent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# `per: folder` means the folder that a file lies in; any other word is a column of the manifest.
BY_FOLDER = "folder"
DEFAULT_MOST = 20


class Beyond(StrEnum):
    """What becomes of a group with more images than are sent.

    `sample` sends some from all over the group, the same ones every time; `first` the first in the
    order of their names; `fail` none.
    """

    SAMPLE = "sample"
    FIRST = "first"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Grouping:
    """`by` is `folder` or a column of the manifest, `most` the images of a request, 1 to 50."""

    by: str
    most: int = DEFAULT_MOST
    beyond: Beyond = Beyond.SAMPLE
