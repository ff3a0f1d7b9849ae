"""How many pictures of an archive have a label, from a few labelled at random and all answers.

The answers split the archive in two: pictures that were answered with the label, and all others,
those without an answer included. How many there are of each is known; how many of each really have
the label is estimated from those that people labelled (post-stratification, which is
prediction-powered inference for a yes or no: Angelopoulos, Bates, Fannjiang, Jordan and Zrnic,
Science 382, 2023; with lambda tuned, arXiv:2311.01453). So the model's mistakes are corrected
whatever they are, and the better it is, the shorter the interval.

The interval is exact. Given how many of the labelled pictures fall on each side, their labels
are draws without replacement, two hypergeometric counts. Samples are ordered by an approximate
limit (Wilson's for each side, joined by Zou and Donner, Statistics in Medicine 27, 2008), and a
limit is the largest number of pictures for which a sample as low as this one is not too unlikely,
however they lie on the two sides (Buehler, JASA 52, 1957; Kabaila and Lloyd, Statistics and
Probability Letters 65, 2003). The t interval of PPI++ is shorter for rare labels only because
it is too short: it covers far less than it says, `bench/counts` shows how much.

The error is split unevenly. Few labels are frequent, and of a rare one nearly all doubt is above:
where fewer than half have the answer, 3.5 % is for a share that is higher and 1.5 % for one that is
lower, and 4 % and 1 % where fewer than a quarter have it; else the other way round. That is what
keeps the interval no longer, on average, than that of the labelled pictures alone (Clopper and
Pearson), even where the answers say nothing.

Where fewer than three of the labelled pictures may be expected on one side, chance there would
make the interval longer than the answers make it shorter. Then the labelled pictures speak alone,
by the exact interval without replacement. Nothing that people said decides which it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

# 5 % in all: for a share above the interval, and for one below it.
_EVEN, _TILTED, _STEEP = (0.025, 0.025), (0.035, 0.015), (0.04, 0.01)
_STEEP_BELOW = 0.25
_LEAST_EXPECTED = 3
# Ways in which pictures may lie on both sides: so many are looked at, then again near the worst.
_WAYS, _NEARBY = 33, 17
# Finer than this no limit need be, as a share of the archive.
_FINEST = 1e-5

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]


class Method(StrEnum):
    """Where a share comes from: all answers corrected by labels, or labels alone."""

    CORRECTED = "corrected"
    LABELLED = "labelled"


@dataclass(frozen=True, slots=True)
class Side:
    """Pictures that were answered alike: all of them, those labelled, and those with the label."""

    size: int
    labelled: int
    having: int

    def __add__(self, other: Side) -> Side:
        return Side(
            self.size + other.size, self.labelled + other.labelled, self.having + other.having
        )

    def __post_init__(self) -> None:
        if not 0 <= self.having <= self.labelled <= self.size:
            raise ValueError(f"{self}: having <= labelled <= size does not hold")

    @property
    def lacking(self) -> Side:
        """The same about the pictures without the label."""
        return Side(self.size, self.labelled, self.labelled - self.having)


@dataclass(frozen=True, slots=True)
class CorrectedShare:
    """The share of the archive that has a label, and the interval at 95 % that it lies in."""

    share: float
    low: float
    high: float
    method: Method


@lru_cache(maxsize=4096)
def corrected_share(answered: Side, others: Side) -> CorrectedShare:
    """The share of a label among all pictures of both sides.

    Args:
        answered: those that were answered with the label.
        others: all others, those without an answer included.

    >>> corrected_share(Side(1_000, 20, 19), Side(9_000, 180, 2)).method
    <Method.CORRECTED: 'corrected'>
    """
    both = answered + others
    if both.labelled == 0:
        return CorrectedShare(0.0, 0.0, 1.0, Method.LABELLED)
    smaller = min(answered.size, others.size) / both.size
    if smaller * both.labelled >= _LEAST_EXPECTED:
        above, below = _STEEP if smaller < _STEEP_BELOW else _TILTED
        if answered.size > others.size:
            above, below = below, above
        share = _mean(answered, both) + _mean(others, both)
        method = Method.CORRECTED
    else:
        answered, others = Side(0, 0, 0), both
        above, below = _EVEN
        share, method = both.having / both.labelled, Method.LABELLED
    high = _most(answered, others, above) / both.size
    low = 1 - _most(answered.lacking, others.lacking, below) / both.size
    return CorrectedShare(min(max(share, low), high), low, high, method)


def _mean(side: Side, both: Side) -> float:
    """What a side adds to the share; of one without labels as much as if it were like all."""
    if side.labelled == 0:
        return side.size / both.size * both.having / both.labelled
    return side.size / both.size * side.having / side.labelled


def _most(one: Side, other: Side, tail: float) -> int:
    """The largest number with the label for which such a sample, or a lower one, has this chance.

    Both sides are tried in all ways, or so many of them that no other can matter.
    """
    as_low = _limits(one, other, NormalDist().inv_cdf(1 - tail))
    lower = (as_low <= as_low[one.having, other.having] + 1e-12).sum(axis=1)
    rows = np.flatnonzero(lower)
    border = lower[rows] - 1

    def on_other(on_one: Counts) -> Counts:
        """Given how many of one side have the label: how many of the other may have it."""
        chances = _chances(on_one, one)[:, rows]

        def likely(numbers: Counts) -> NDArray[np.bool_]:
            up_to = np.cumsum(_chances(numbers, other), axis=1)[:, border]
            return np.asarray((chances * up_to).sum(axis=1) > tail)

        return _last(likely, other, len(on_one))

    least, most = one.having, one.size - (one.labelled - one.having)
    tried = _spread(least, most, _WAYS)
    sums = tried + on_other(tried)
    at = int(sums.argmax())
    near = _spread(int(tried[max(at - 1, 0)]), int(tried[min(at + 1, len(tried) - 1)]), _NEARBY)
    return int(max(sums[at], (near + on_other(near)).max()))


def _last(likely: Callable[[Counts], NDArray[np.bool_]], side: Side, ways: int) -> Counts:
    """For each way, the last number of this side that is likely; far below zero for none.

    It is rounded up to `_FINEST` of the side, which only makes an interval longer.
    """
    least, most = side.having, side.size - (side.labelled - side.having)
    low, high = np.full(ways, least), np.full(ways, most + 1)
    none = ~likely(low)
    finest = max(1, int(side.size * _FINEST))
    while np.any(high - low > finest):
        middle = (low + high) // 2
        found = likely(middle)
        low, high = np.where(found, middle, low), np.where(found, high, middle)
    return np.asarray(np.where(none, -(10**15), high - 1))


def _spread(least: int, most: int, ways: int) -> Counts:
    return np.unique(np.linspace(least, most, ways).round().astype(np.int64))


def _limits(one: Side, other: Side, z: float) -> Numbers:
    """An approximate upper limit for every sample there could be, never lower for a higher one."""
    size = one.size + other.size
    mean_one, reach_one = _wilson(one, size, z)
    mean_other, reach_other = _wilson(other, size, z)
    limits = np.add.outer(mean_one, mean_other) + np.sqrt(
        np.add.outer(reach_one**2, reach_other**2)
    )
    return np.maximum.accumulate(np.maximum.accumulate(limits, axis=0), axis=1)


def _wilson(side: Side, size: int, z: float) -> tuple[Numbers, Numbers]:
    """What a side adds to the share for each count, and how much further Wilson's limit is."""
    weight = side.size / size
    if side.labelled == 0:
        return np.full(1, weight / 2), np.full(1, weight / 2)
    labelled = side.labelled
    share = np.arange(labelled + 1) / labelled
    half = z * np.sqrt(share * (1 - share) / labelled + (z / labelled) ** 2 / 4)
    limit = (share + z * z / labelled / 2 + half) / (1 + z * z / labelled)
    return weight * share, weight * (limit - share)


def _chances(having: Counts, side: Side) -> Numbers:
    """The chance of each count among those labelled, a row for each number that may have it.

    From ratio to ratio of neighbouring counts, because numpy has no gamma function.
    """
    if side.labelled == 0:
        return np.ones((len(having), 1))
    have = having[:, None].astype(np.float64)
    lack = side.size - have
    counts = np.arange(side.labelled + 1, dtype=np.float64)
    possible = (counts <= have) & (side.labelled - counts <= lack)
    before = counts[:-1]
    more = np.maximum((have - before) * (side.labelled - before), 1e-300)
    fewer = np.maximum((before + 1) * (lack - side.labelled + before + 1), 1e-300)
    steps = np.where(possible[:, 1:] & possible[:, :-1], np.log(more) - np.log(fewer), 0.0)
    logs = np.zeros(possible.shape)
    np.cumsum(steps, axis=1, out=logs[:, 1:])
    logs[~possible] = -np.inf
    chances = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))
