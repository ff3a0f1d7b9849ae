"""Why an answer is worth a look, from what the tables say; the greater, the sooner.

Nothing here says that an answer is wrong: these are the places where wrong ones are found first.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntFlag

# Below this, an answer that comes with a confidence of its own counts as unsure. It is the model's
# own word, which no calibration has checked.
LOW_CONFIDENCE = 0.7

# A struct with a number of this name says how sure the model is, from 0 to 1.
CONFIDENCE = "confidence"


class Doubt(IntFlag):
    """Reasons for doubt; the number of several together orders answers, most doubtful last."""

    REPEATED = 1
    CHANGED = 2
    CLOSER = 4
    UNSURE = 8
    WRONG = 16
    AUDIT = 32


SAID: Mapping[Doubt, str] = {
    Doubt.AUDIT: "the audit's answer differs",
    Doubt.WRONG: "not what the manifest says is right",
    Doubt.UNSURE: f"confidence below {LOW_CONFIDENCE}",
    Doubt.CLOSER: "looked at more closely",
    Doubt.CHANGED: "differs from the old label",
    Doubt.REPEATED: "asked more than once",
}

# One word each, for filters.
WORDS: Mapping[Doubt, str] = {
    Doubt.AUDIT: "audit",
    Doubt.WRONG: "wrong",
    Doubt.UNSURE: "unsure",
    Doubt.CLOSER: "closer",
    Doubt.CHANGED: "changed",
    Doubt.REPEATED: "repeated",
}


def doubts_in(mask: int) -> tuple[Doubt, ...]:
    """The reasons of a number, the weightiest first.

    >>> [doubt.name for doubt in doubts_in(34)]
    ['AUDIT', 'CHANGED']
    """
    return tuple(doubt for doubt in SAID if mask & doubt)
