"""Whether Google takes a question at all: what is refused throughout costs few requests. Pure.

The phases are those of `tierwise.gemini.standing`. Before a first reply that is no refusal, four
requests of a task are under way at a time. When some five different contents were rejected with the
same words, and two pictures alone among them, for a pack may just be too large, it ends in these
words.
"""

from __future__ import annotations

import math
from collections.abc import Collection

from tierwise.gemini.hearing import Hearing, Phase, Refused, Rule
from tierwise.gemini.standing import ENOUGH

# Under way at a time before anything else than a refusal came.
_SCOUTS = 4
_ALONE_REJECTED = 2


class Proof:
    """Of a task asked in one way: whether Google takes the question at all."""

    def __init__(self, rule: Rule) -> None:
        self.hearing = Hearing(rule)
        self.proven = False
        self._under_way = 0
        self._taken = False
        self._said = ""
        self._seen = set[str]()
        self._alone = set[str]()
        self._packs = 0

    def wait_s(self, now: float) -> float:
        """Seconds until a request may start: 0 for at once, inf when only news can tell."""
        self._judge(now)
        if self.proven or self.hearing.phase in (Phase.ENDED, Phase.ALONE):
            return 0.0
        if self.hearing.phase is Phase.DOUBT:
            held_s = self.hearing.left_s(now)
            return held_s if held_s else (math.inf if self._under_way else 0.0)
        return 0.0 if self._taken or self._under_way < _SCOUTS else math.inf

    def start(self) -> None:
        """A request starts."""
        self._under_way += 1

    def leave(self, *, refused: bool) -> None:
        """A request is over, and was refused or not."""
        self._under_way -= 1
        self._taken = self._taken or not refused

    def success(self) -> None:
        """A 200 came, here or elsewhere: the question can be answered."""
        self.proven = True
        self.hearing.close()

    def rejection(self, contents: Collection[str], why: Refused, now: float) -> None:
        """A request with these pictures was rejected."""
        if self.proven:
            return
        # Numbers, addresses and names of files differ from picture to picture.
        words = (word.strip(".,:;'\"()") for word in why.message.split())
        said = " ".join(word for word in words if word.isalpha())
        if said != self._said:  # another matter
            self._said, self._seen, self._alone, self._packs = said, set(), set(), 0
            self.hearing.close()
        if len(contents) == 1:
            self._alone |= set(contents)
        elif self._seen.isdisjoint(contents):
            self._packs += 1
        self._seen |= set(contents)
        if self._packs + len(self._alone) >= ENOUGH:
            self.hearing.open(why, now)
            self._judge(now)

    def _judge(self, now: float) -> None:
        if self.hearing.phase is not Phase.DOUBT:
            return
        if self.hearing.contradicted:
            self.success()
        elif len(self._alone) >= _ALONE_REJECTED:
            self.hearing.settle(now)
