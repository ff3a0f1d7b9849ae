"""Why an answer is worth a look, from what the tables say; the greater, the sooner.

Nothing here says that an answer is wrong: these are the places where wrong ones are found first.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntFlag


class Doubt(IntFlag):
    """Reasons for doubt; the number of several together orders answers, most doubtful last.

    `UNSURE` is an answer with a confidence of its own below what a calibration has found to tell
    mistakes, `FOLLOWED` one to a question with a `when`, `ESCALATED` one to a second ask.
    """

    REPEATED = 1
    CHANGED = 2
    FOLLOWED = 4
    ESCALATED = 8
    UNSURE = 16
    WRONG = 32
    AUDIT = 64


SAID: Mapping[Doubt, str] = {
    Doubt.AUDIT: "the audit's answer differs",
    Doubt.WRONG: "not what the manifest says is right",
    Doubt.UNSURE: "less sure than where a calibration found mistakes",
    Doubt.ESCALATED: "asked again",
    Doubt.FOLLOWED: "asked because of another answer",
    Doubt.CHANGED: "differs from the old label",
    Doubt.REPEATED: "took several requests",
}

# One word each, for filters.
WORDS: Mapping[Doubt, str] = {
    Doubt.AUDIT: "audit",
    Doubt.WRONG: "wrong",
    Doubt.UNSURE: "unsure",
    Doubt.ESCALATED: "escalated",
    Doubt.FOLLOWED: "followed",
    Doubt.CHANGED: "changed",
    Doubt.REPEATED: "repeated",
}


def doubts_in(mask: int) -> tuple[Doubt, ...]:
    """The reasons of a number, the weightiest first.

    >>> [doubt.name for doubt in doubts_in(66)]
    ['AUDIT', 'CHANGED']
    """
    return tuple(doubt for doubt in SAID if mask & doubt)
