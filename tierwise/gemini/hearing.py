"""A doubt, from when it arises to when it is settled; nothing ends before others were heard."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tierwise.records import Reason


class Phase(StrEnum):
    """Where a standing is, see `tierwise.gemini.standing`."""

    OPEN = "open"
    DOUBT = "doubt"
    ENDED = "ended"
    ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Rule:
    """`meets_s` is how long other processes take to contradict, 0 where there are none."""

    patience_s: float = 300.0
    meets_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Refused:
    """Why, for a failure row and for people."""

    reason: Reason
    message: str


@dataclass(slots=True)
class Hearing:
    """A doubt that other processes may contradict, or share, until it is settled."""

    rule: Rule
    since: float | None = None
    contradicted: bool = False
    shared: bool = False
    why: Refused | None = None
    phase: Phase = Phase.OPEN

    def open(self, why: Refused, now: float) -> None:
        """Doubt, from now on if it is not doubted yet."""
        if self.phase is Phase.OPEN:
            self.phase, self.since, self.why = Phase.DOUBT, now, why

    def close(self) -> None:
        """There is no doubt any more."""
        self.phase, self.since, self.why = Phase.OPEN, None, None
        self.contradicted = self.shared = False

    def end(self, why: Refused) -> None:
        """It is settled, here or by another process."""
        self.phase, self.why = Phase.ENDED, why

    def left_s(self, now: float) -> float:
        """Seconds in which others may still contradict a doubt."""
        since = now if self.since is None else self.since
        return max(0.0, since + self.rule.meets_s - now)

    def settle(self, now: float) -> None:
        """All that can be seen here has been seen: the end, or what others say."""
        if self.phase is not Phase.DOUBT or self.since is None:
            return
        if self.contradicted:
            if now - self.since >= self.rule.patience_s:
                self.phase = Phase.ALONE
        elif not self.left_s(now):
            self.phase = Phase.ENDED
