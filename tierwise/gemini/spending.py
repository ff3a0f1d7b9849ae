"""Keeps what a process spends in any minute below a limit. Pure: the time is told.

What is under way counts at its worst case until it is settled, and then at what it cost for a
minute more. A request that is dearer than the limit goes alone, when nothing else counts.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator

_WINDOW_S = 60.0


class Spending:
    """Money is in nano-dollars; `limit` is per minute, None for none."""

    def __init__(self, limit: float | None = None) -> None:
        self.limit = limit
        self._held: dict[int, int] = {}
        self._spent: deque[tuple[float, int]] = deque()
        self._number = 0

    def wait_s(self, worst: int, now: float) -> float:
        """Seconds until a request may start: 0 for at once, inf when something must end first."""
        if self.limit is None:
            return 0.0
        held = sum(self._held.values())
        total = held + sum(cost for _, cost in self._recent(now))
        if total + worst <= self.limit or not total:
            return 0.0
        for at, cost in self._recent(now):
            total -= cost
            if total + worst <= self.limit or not total:
                return at + _WINDOW_S - now
        return math.inf

    def start(self, worst: int) -> int:
        """Hold the worst that a request can cost; gives its number."""
        self._number += 1
        if self.limit is not None:
            self._held[self._number] = worst
        return self._number

    def settle(self, number: int, cost: int, now: float) -> None:
        """A request is over, and cost so much."""
        if self._held.pop(number, None) is not None and cost:
            self._spent.append((now, cost))

    def _recent(self, now: float) -> Iterator[tuple[float, int]]:
        while self._spent and self._spent[0][0] <= now - _WINDOW_S:
            self._spent.popleft()
        return iter(self._spent)
