"""How fast requests may start, learned from refusals. Pure: the time is told, nothing is waited.

Nobody says what a quota is, least of all one that is shared; it shows in what is refused:

    first refusal ──▶ all wait as long as was asked; then as many per second as were let through,
                      doubled each second at first if those were few
    now and then one is refused ──▶ 3 % slower, for the quota is just touched
    a third of a second's are refused ──▶ 30 % slower
    for half a second all are refused ──▶ all wait again, then 30 % slower
    none is refused ──▶ faster: hardly at first, twice as much every two seconds,
                        but briskly after a wait of all, for that taught a rate that is too low

So a quota of 40 requests per second is used to 98 %, and one that grows is found out in seconds.
Whoever was refused waits as long as was asked, whatever the others do.

Sleeping is never exact, and a busy machine is late by tenths of a second. What starts late, though
it was there in time, is made up for at once: so a limit is used to the full, and in no minute do
more than a sixtieth above it start. A learned rate, whose quota may allow no burst, is made up for
less.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

# Without a word on how long to wait.
_WAIT_S = 1.0
# A rate that fewer requests teach is far too low where a quota allows no burst.
_EVIDENCE = 10
_SLOWER = 0.97
_MUCH_SLOWER = 0.7
_OUTAGE_S = 0.5
# A few refusals that come whatever the rate is must not slow everything down without end.
_LEAST_OF_LEARNED = 0.5
# Of the starts of the last second, but of no fewer than these.
_MANY = 1 / 3
_LATEST = 32
_GROWTH_PER_S = 0.005
_BRISK_GROWTH_PER_S = 0.1
_QUICK_GROWTH_PER_S = 1.0
_DOUBLING_S = 2.0
_MOST_GROWTH_PER_S = 0.5
_LATENESS_S = 1.0
_LATENESS_OF_LEARNED_S = 0.15


@dataclass(frozen=True, slots=True)
class Start:
    """One request that was started: its number, and when."""

    number: int
    at: float


class Pace:
    """All times are seconds of one clock. `least_interval_s` is a limit that was set by hand."""

    def __init__(self, least_interval_s: float = 0.0) -> None:
        self._least_interval_s = least_interval_s
        self._earliest = 0.0  # by that limit
        self._resume = 0.0  # the end of the latest pause
        self._due = 0.0  # by the learned rate
        self._rate: float | None = None  # per second
        self._learned = 0.0
        self._learning = False
        self._since: float | None = None  # what was let through counts from here
        self._let_through = 0
        self._started = 0
        self._refused: deque[int] = deque()
        self._last_refused = -1
        self._outage_since = 0.0
        self._slowed = 0.0
        self._growth_per_s = _BRISK_GROWTH_PER_S
        self._grown = 0.0
        self._last_refusal = 0.0

    def wait_s(self, now: float) -> float:
        """Seconds until the next request may start; at most 0 when it may."""
        return max(self._earliest, self._resume, self._due) - now

    def start(self, now: float, arrived: float | None = None) -> Start:
        """Count a request that starts now, and was there since `arrived`; None for now."""
        ready = now if arrived is None else max(arrived, self._resume)
        if self._learning:
            self._learn(now)
        if self._since is None:
            self._since = now
        self._earliest = max(self._earliest, ready, now - _LATENESS_S) + self._least_interval_s
        if self._rate is not None:
            self._grow(now, self._rate)
            self._due = max(self._due, ready, now - _LATENESS_OF_LEARNED_S) + 1 / self._rate
        self._started += 1
        self._let_through += 1
        return Start(self._started, now)

    def limit(self, least_interval_s: float) -> None:
        """Set another limit by hand, from the next start on."""
        self._least_interval_s = least_interval_s

    def pause(self, now: float, seconds: float) -> None:
        """Start nothing for a while."""
        self._resume = max(self._resume, now + seconds)

    def refuse(self, start: Start, now: float, wait_s: float | None) -> None:
        """A request was refused for its rate, and told to wait so long."""
        self._let_through -= 1
        if start.number > self._last_refused + 1:
            self._outage_since = start.at
        self._last_refused = start.number
        self._refused.append(start.number)
        self._last_refusal = now
        wait_s = _WAIT_S if wait_s is None else wait_s
        if self._rate is None:
            self._learning = True
            self.pause(now, wait_s)
        elif start.at < self._slowed:
            return  # it started before the last refusals had their effect
        elif start.at - self._outage_since >= _OUTAGE_S:
            self._learned = self._rate = self._rate * _MUCH_SLOWER
            self._refused.clear()
            self._growth_per_s = _BRISK_GROWTH_PER_S
            self.pause(now, wait_s)
            self._slowed = self._resume
        else:
            self._slow_down(start, self._rate)
            self._growth_per_s = _GROWTH_PER_S
            self._slowed = now

    def _slow_down(self, start: Start, rate: float) -> None:
        latest = max(_LATEST, round(rate))
        while self._refused[0] <= start.number - latest:
            self._refused.popleft()
        if len(self._refused) > _MANY * latest:
            self._learned = self._rate = rate * _MUCH_SLOWER
            self._refused.clear()
        else:
            self._rate = max(rate * _SLOWER, self._learned * _LEAST_OF_LEARNED)

    def _learn(self, now: float) -> None:
        """The pause is over: what was let through, over all the time it took."""
        self._learning = False
        self._refused.clear()
        if self._since is not None and self._let_through > 0:
            self._learned = self._rate = self._let_through / (now - self._since)
            self._due = self._grown = self._slowed = now
            if self._let_through < _EVIDENCE:
                self._growth_per_s = _QUICK_GROWTH_PER_S
        else:
            self._since, self._let_through = None, 0

    def _grow(self, now: float, rate: float) -> None:
        # A rate that is not used up says nothing about the quota.
        used_up = now - self._due < 1 / rate
        since_refusal = min(now - max(self._last_refusal, self._resume), 60.0)
        growth = min(self._growth_per_s * 2.0 ** (since_refusal / _DOUBLING_S), _MOST_GROWTH_PER_S)
        growth = max(growth, self._growth_per_s)
        if used_up:
            self._rate = rate * (1 + growth * min(now - self._grown, 1.0))
        self._grown = now
