"""Running totals of this process, for people who wait. No account: that is in the tables."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields

from tierwise.records import Answered, Failure, is_under_way


@dataclass(slots=True)
class Tally:
    """Read by one thread while others count; a figure may be an instant old.

    Money is in nano-dollars. `cap` is what all runs into the output may cost, 0 without one, and
    `before` what earlier ones have cost, or may have. `put_off` is left to batch jobs. `waits_for`
    is what the service said that everything waits for, until a moment of the monotonic clock.
    """

    files: int = 0
    answers: int = 0
    failures: int = 0
    put_off: int = 0
    requests: int = 0
    cost: int = 0
    cap: int = 0
    before: int = 0
    waits_for: str = ""
    waits_until: float = 0.0

    def count(self, answered: Answered) -> None:
        """The outcomes of one file, with what was requested and paid for them."""
        for outcome in answered.outcomes:
            failed = isinstance(outcome, Failure)
            if is_under_way(outcome):
                self.put_off += 1
                continue
            self.failures += failed
            self.answers += not failed
            self.requests += outcome.paid.requests
            self.cost += outcome.paid.cost

    def count_file(self) -> None:
        """One file is done."""
        self.files += 1

    def wait(self, why: str, seconds: float) -> None:
        """The service asked to wait."""
        until = time.monotonic() + seconds
        if until > self.waits_until:
            self.waits_for, self.waits_until = why, until

    def reset(self) -> None:
        """Start anew, before a run."""
        for figure in fields(self):
            setattr(self, figure.name, figure.default)


TALLY = Tally()
