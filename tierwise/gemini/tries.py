"""How often a request is tried, and how long it waits between two tries."""

from __future__ import annotations

from dataclasses import dataclass

from tierwise.gemini.retry import (
    MAX_REFUSED,
    MAX_TRIES,
    Ruling,
    Verdict,
    backoff_s,
    refused_backoff_s,
)


@dataclass(slots=True)
class Tries:
    """What became of a request so far, since a moment of the limiter's clock."""

    since: float
    failed: int = 0
    refused: int = 0
    without_room: int = 0

    def over(self, verdict: Verdict, now: float) -> bool:
        """Count one more that failed; whether it was the last."""
        self.failed += 1
        self.without_room += verdict.no_room
        if verdict.ruling is Ruling.REFUSED:
            self.refused += 1
            return self.refused >= MAX_REFUSED
        rolls = now - self.since < 2 * verdict.window_s
        return self.failed - self.refused >= MAX_TRIES and not rolls

    def wait_s(self, verdict: Verdict, chance: float, *, answered: bool) -> float:
        """Seconds until the next try; `answered` says whether such a question ever was."""
        if verdict.ruling is Ruling.REFUSED:
            return refused_backoff_s(self.refused, chance, answered=answered)
        return backoff_s(self.failed, chance) if verdict.wait_s is None else verdict.wait_s
