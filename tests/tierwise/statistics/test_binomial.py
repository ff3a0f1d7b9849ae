"""Binomial tails and the intervals made of them, against sums in whole numbers."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.statistics.binomial import at_least, at_most
from tierwise.statistics.intervals import mean_interval, share_interval


def exactly(successes: int, trials: int, share: Fraction) -> Fraction:
    return comb(trials, successes) * share**successes * (1 - share) ** (trials - successes)


@given(st.integers(1, 120), st.data())
def test_tails_equal_sums_of_fractions(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    share = Fraction(data.draw(st.integers(1, 999)), 1000)
    below = sum(exactly(n, trials, share) for n in range(successes + 1))
    above = 1 - below + exactly(successes, trials, share)
    assert at_most(successes, trials, float(share)) == pytest.approx(float(below), rel=1e-9)
    assert at_least(successes, trials, float(share)) == pytest.approx(float(above), rel=1e-9)


def test_tails_of_a_large_archive_are_right_far_out() -> None:
    # Chances this small are lost when they are written as one less something.
    assert at_most(0, 1_000_000, 1e-5) == pytest.approx((1 - 1e-5) ** 1_000_000, rel=1e-9)
    assert at_least(1_000, 1_000, 0.5) == pytest.approx(2.0**-1000, rel=1e-9)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_tabulated_intervals(successes: int, trials: int, low: float, high: float) -> None:
    found = share_interval(successes, trials)
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


def test_without_a_sample_everything_is_possible() -> None:
    assert (share_interval(0, 0).low, share_interval(0, 0).high) == (0.0, 1.0)


@pytest.mark.parametrize("trials", [1, 7, 60])
def test_intervals_cover_the_truth_as_often_as_they_say(trials: int) -> None:
    intervals = [share_interval(n, trials, 0.9) for n in range(trials + 1)]
    for share in (Fraction(n, 500) for n in range(1, 500)):
        covered = sum(
            exactly(n, trials, share) for n, one in enumerate(intervals) if float(share) in one
        )
        assert covered >= 0.9, share


def test_intervals_of_graded_scores_cover_their_mean() -> None:
    random = np.random.default_rng(7)
    missed = 0
    for _ in range(200):
        scores = random.choice([0.0, 0.5, 0.75, 1.0], 60, p=[0.1, 0.1, 0.2, 0.6])
        missed += 0.8 not in mean_interval(list(scores), 0.9)
    assert missed <= 20
    assert mean_interval([1.0, 0.0, 1.0]) == share_interval(2, 3)
