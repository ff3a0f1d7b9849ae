"""What a cheaper route must not lose."""

from __future__ import annotations

from enum import StrEnum


class Protect(StrEnum):
    """What a cheaper route must not lose: of all images on average, or of each label by itself."""

    AVERAGE = "average"
    EACH_LABEL = "each-label"
