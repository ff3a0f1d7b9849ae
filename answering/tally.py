"""Running totals of this process, for the progress bar. No account: that is in the tables."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Read by one thread while others count; a figure may be an instant old."""

    files: int = 0
    answers: int = 0
    failures: int = 0
    cost: int = 0

    def count(self, *, failed: bool, cost: int) -> None:
        """One outcome, and its nano-dollars."""
        self.failures += failed
        self.answers += not failed
        self.cost += cost

    def count_file(self) -> None:
        """One file is done."""
        self.files += 1

    def reset(self) -> None:
        """Start anew, before a run."""
        self.files = self.answers = self.failures = self.cost = 0


TALLY = Tally()
