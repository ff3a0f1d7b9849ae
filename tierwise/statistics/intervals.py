"""How large a share, or a mean, can be in the whole archive, given a random sample of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tierwise.statistics.betting import p_mean_at_most
from tierwise.statistics.binomial import at_least, at_most

_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, both inclusive."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def share_interval(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """The two-sided interval of Clopper and Pearson (Biometrika 26, 1934) for a share.

    It covers the true share at least as often as `confidence` says, whatever share and sample size.
    Without trials it is everything.

    >>> share_interval(0, 10).low, round(share_interval(0, 10).high, 4)
    (0.0, 0.3085)
    """
    tail = (1 - confidence) / 2
    low = high = 0.0
    if successes > 0:
        low = _first(lambda share: at_least(successes, trials, share) >= tail)
    if successes < trials:
        high = _first(lambda share: at_most(successes, trials, share) <= tail)
    return Interval(low, high if successes < trials else 1.0)


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """The same for the mean of numbers from 0 to 1; shares have the exact interval."""
    if all(value in (0, 1) for value in values):
        return share_interval(sum(map(int, values)), len(values), confidence)
    tail = (1 - confidence) / 2
    mirrored = [1 - value for value in values]
    low = _first(lambda mean: p_mean_at_most(mean, values, 0, 1) >= tail)
    high = 1 - _first(lambda mean: p_mean_at_most(mean, mirrored, 0, 1) >= tail)
    return Interval(low, high)


def _first(reached: Callable[[float], bool]) -> float:
    """Where a condition that holds at 1 and is monotone begins to hold, between 0 and 1."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
