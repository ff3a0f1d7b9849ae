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
# Ways in which pictures may lie on both sides: so many are looked at first.
_WAYS = 33
# Finer than this no limit need be, as a share of the archive.
_FINEST = 2e-5
_NONE = -(10**15)

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
    if smaller * both.labelled < _LEAST_EXPECTED:
        return _labelled_share(both)
    above, below = _STEEP if smaller < _STEEP_BELOW else _TILTED
    if answered.size > others.size:
        above, below = below, above
    low, high = _limits_of(answered, others, above, below)
    share = _mean(answered, both) + _mean(others, both)
    return CorrectedShare(min(max(share, low), high), low, high, Method.CORRECTED)


@lru_cache(maxsize=4096)
def _labelled_share(both: Side) -> CorrectedShare:
    """By labels alone; most of thousands of labels have the same few."""
    low, high = _limits_of(Side(0, 0, 0), both, *_EVEN)
    return CorrectedShare(both.having / both.labelled, low, high, Method.LABELLED)


def _limits_of(one: Side, other: Side, above: float, below: float) -> tuple[float, float]:
    size = one.size + other.size
    return 1 - _most(one.lacking, other.lacking, below) / size, _most(one, other, above) / size


def _mean(side: Side, both: Side) -> float:
    """What a side adds to the share; of one without labels as much as if it were like all."""
    if side.labelled == 0:
        return side.size / both.size * both.having / both.labelled
    return side.size / both.size * side.having / side.labelled


def _most(one: Side, other: Side, tail: float) -> int:
    """The largest number with the label for which such a sample, or a lower one, has this chance.

    The more of them lie on one side, the fewer may lie on the other. So two ways bound all that
    are between them, which are looked at where they might hold more. Rounded up to `_FINEST`.
    """
    size = one.size + other.size
    finest = int(size * _FINEST) if one.size else 0  # labels alone take no time
    on_other = _Rest(one, other, tail, max(1, finest)).most
    least, most = one.having, one.size - (one.labelled - one.having)
    ways = np.unique(np.linspace(least, most, _WAYS).round().astype(np.int64))
    rests = on_other(ways, np.full(len(ways), other.having), np.full(len(ways), other.size))
    highest = int((ways + rests).max())
    few, many, most_rest, least_rest = ways[:-1], ways[1:], rests[:-1], rests[1:]
    while np.any(between := (many - few > 1) & (many - 1 + most_rest > highest + finest)):
        few, many = few[between], many[between]
        most_rest, least_rest = most_rest[between], least_rest[between]
        middle = (few + many) // 2
        rest = on_other(middle, least_rest - finest, most_rest)
        highest = max(highest, int((middle + rest).max()))
        few, many = np.concatenate([few, middle]), np.concatenate([middle, many])
        most_rest = np.concatenate([most_rest, rest])
        least_rest = np.concatenate([rest, least_rest])
    return min(highest + finest, size)


class _Rest:
    """How many of one side may have the label, given how many of the other have it."""

    def __init__(self, one: Side, other: Side, tail: float, finest: int) -> None:
        as_low = _limits(one, other, NormalDist().inv_cdf(1 - tail))
        lower = (as_low <= as_low[one.having, other.having] + 1e-12).sum(axis=1)
        self._rows = np.flatnonzero(lower)
        self._border = lower[self._rows] - 1
        self._one, self._other = one, other
        self._tail, self._finest = tail, finest

    def most(self, on_one: Counts, least: Counts, most: Counts) -> Counts:
        """For each number, that between two bounds; far below zero where there is none.

        It is rounded up to `finest`, which only makes an interval longer.
        """
        chances = _chances(on_one, self._one)[:, self._rows]
        lacking = self._other.labelled - self._other.having
        low = np.maximum(least, self._other.having)
        high = np.maximum(np.minimum(most, self._other.size - lacking) + 1, low + 1)
        none = ~self._likely(chances, low)
        while np.any(high - low > self._finest):
            middle = (low + high) // 2
            found = self._likely(chances, middle)
            low, high = np.where(found, middle, low), np.where(found, high, middle)
        return np.asarray(np.where(none, _NONE, high - 1))

    def _likely(self, chances: Numbers, having: Counts) -> NDArray[np.bool_]:
        up_to = np.cumsum(_chances(having, self._other), axis=1)[:, self._border]
        return np.asarray((chances * up_to).sum(axis=1) > self._tail)


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
