"""What part a content has in answering locally: to be learnt from, to examine, or neither.

A salted hash decides, so that every worker and every run decides alike and nothing is sorted. Given
how many contents are learnt from and how many examine, those that examine are drawn at random from
all that are not learnt from, whatever the pictures show: that is all that the proof in
`tierwise.statistics.examination` asks of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from math import ceil

_NUMBERS = 2**32
# Below so many contents a proof costs more answers than it saves.
LEAST_CONTENTS = 1_000
_MOST_LEARNT = 20_000
# The exam grows with the archive as its optimum does, and with a smaller share that may differ.
_LEARNT, _EXAMINED, _USUAL_SHARE = 2.0, 1.5, 0.02
_LARGEST_EXAM, _LARGEST_SAMPLE = 0.25, 0.5


class Role(StrEnum):
    """The part of one content."""

    LEARN = "learn"
    EXAM = "exam"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Roles:
    """Two ranges of hashes: `learn` and `exam` are shares of all, in 2^32 parts.

    `contents` is how many there were, about, when the ranges were chosen. The `salt` is the
    output's own, so that nobody can choose pictures by their part beforehand. `since` is the run
    that chose them.
    """

    salt: str
    learn: int
    exam: int
    contents: int
    since: str = ""

    def role_of(self, content_hash: str) -> Role:
        """The part of a content.

        >>> Roles("salt", 2**31, 2**31, 10).role_of("sha256:00") in (Role.LEARN, Role.EXAM)
        True
        """
        drawn = self.drawn(content_hash)
        if drawn < self.learn:
            return Role.LEARN
        return Role.EXAM if drawn < self.learn + self.exam else Role.REST

    def examines_among_first(self, content_hash: str, some: int) -> bool:
        """Whether a content is one of about so many that examine, and of half of them at most."""
        beyond = self.drawn(content_hash) - self.learn
        return 0 <= beyond < self._first(some)

    def share_among_first(self, some: int) -> float:
        """The share of all contents of which that is true, 0 to 1."""
        return self._first(some) / _NUMBERS

    def _first(self, some: int) -> int:
        return min(self.exam // 2, _NUMBERS * some // self.contents)

    def drawn(self, content_hash: str) -> int:
        """Its number, 0 to 2^32 - 1."""
        digest = hashlib.sha256(f"local {self.salt} {content_hash}".encode()).digest()
        return int.from_bytes(digest[:4], "big")

    def share(self, role: Role) -> float:
        """The share of all contents that have a part, 0 to 1."""
        shares = {Role.LEARN: self.learn / _NUMBERS, Role.EXAM: self.exam / _NUMBERS}
        return shares.get(role, 1 - sum(shares.values()))

    @property
    def asked_in_any_case(self) -> int:
        """About how many of the contents learn or examine."""
        return round(self.contents * (self.learn + self.exam) / _NUMBERS)


def why_no_roles(contents: int) -> str:
    """Why an archive of about so many contents has no ranges.

    >>> why_no_roles(570)
    'the archive has about 570 pictures, and local answers begin with 1,000'
    """
    least = LEAST_CONTENTS
    return f"the archive has about {contents:,} pictures, and local answers begin with {least:,}"


def roles_for(contents: int, differ: Decimal, salt: str) -> Roles | None:
    """The ranges for an archive of about so many contents; None where it is too small.

    `differ` is the smallest share that a task tolerates. More than 20,000 are never learnt from:
    accuracy rises no more that answers pay for.

    >>> roles = roles_for(10_000, Decimal("0.02"), "salt")
    >>> roles and roles.asked_in_any_case
    1625
    >>> roles_for(999, Decimal("0.05"), "salt")
    """
    if contents < LEAST_CONTENTS:
        return None
    scale = contents ** (2 / 3)
    learn = min(int(_LEARNT * scale), _MOST_LEARNT)
    exam = ceil(_EXAMINED * scale * (_USUAL_SHARE / float(differ)) ** (1 / 3))
    exam = min(exam, int(_LARGEST_EXAM * contents))
    if learn + exam > _LARGEST_SAMPLE * contents:
        return None
    learn_share, exam_share = (_NUMBERS * some // contents for some in (learn, exam))
    return Roles(salt, learn_share, exam_share, contents)
