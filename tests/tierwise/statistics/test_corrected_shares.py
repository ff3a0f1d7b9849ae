"""Corrected shares: they cover the truth, and labels alone give no shorter interval."""

from __future__ import annotations

from itertools import product
from math import comb

import numpy as np
import pytest
from numpy.typing import NDArray

from tierwise.statistics.corrected_shares import CorrectedShare, Method, Side, corrected_share
from tierwise.statistics.intervals import share_interval

# A share of the archive, how often the model is right, labelled pictures, pictures, labels.
SCENARIOS = (
    *((0.002, 0.55, 50, 100_000, 4), (0.002, 0.95, 100, 1_000, 2), (0.002, 0.99, 500, 10_000, 12)),
    *((0.01, 0.55, 100, 1_000, 2), (0.01, 0.9, 200, 100_000, 4), (0.05, 0.8, 50, 10_000, 12)),
    *((0.05, 0.99, 200, 1_000, 4), (0.2, 0.55, 100, 100_000, 2), (0.2, 0.9, 500, 1_000, 12)),
    *((0.6, 0.55, 50, 10_000, 2), (0.6, 0.7, 100, 10_000, 4), (0.6, 0.99, 100, 1_000, 12)),
)
DRAWS = 100
# Of 100 draws at 95 %, fewer cover less than once in 10,000 simulations.
LEAST_COVERED = 86


@pytest.mark.parametrize(("share", "right", "labelled", "pictures", "labels"), SCENARIOS)
def test_covers_and_is_no_longer_than_labels_alone(
    share: float, right: float, labelled: int, pictures: int, labels: int
) -> None:
    having = max(1, round(share * pictures))
    found = round(having * right)
    mistaken = round((pictures - having) * (1 - right) / (labels - 1))
    kinds = [found, mistaken, having - found, pictures - having - mistaken]
    draws = np.random.default_rng(labelled).multivariate_hypergeometric(kinds, labelled, size=DRAWS)
    covered, length, alone = 0, 0.0, 0.0
    for a, b, c, d in draws.tolist():
        one = corrected_share(
            Side(found + mistaken, a + b, a), Side(pictures - found - mistaken, c + d, c)
        )
        assert one.low <= one.share <= one.high
        covered += one.low <= having / pictures <= one.high
        length += one.high - one.low
        by_labels = share_interval(a + c, labelled)
        alone += by_labels.high - by_labels.low
    assert covered >= LEAST_COVERED
    assert length <= alone * 1.005  # both are means of the same draws


@pytest.mark.parametrize(
    ("answered", "others", "labelled_answered", "labelled_others"),
    [(15, 30, 6, 8), (12, 52, 4, 12), (40, 12, 10, 4), (10, 28, 0, 12)],
)
def test_no_archive_is_missed_more_often_than_one_time_in_twenty(
    answered: int, others: int, labelled_answered: int, labelled_others: int
) -> None:
    # Every sample there can be, so that nothing is left to chance.
    samples = list(product(range(labelled_answered + 1), range(labelled_others + 1)))
    found = {
        (a, b): corrected_share(
            Side(answered, labelled_answered, a), Side(others, labelled_others, b)
        )
        for a, b in samples
    }
    assert {one.method for one in found.values()} == {Method.CORRECTED}
    for a, b in product(range(answered + 1), range(others + 1)):
        chances = np.outer(
            hypergeometric(answered, a, labelled_answered),
            hypergeometric(others, b, labelled_others),
        )
        truth = (a + b) / (answered + others)
        missed = sum(
            chances[sample]
            for sample, one in found.items()
            if not one.low - 1e-9 <= truth <= one.high + 1e-9
        )
        assert missed <= 0.05 + 1e-9, (a, b)


def test_labels_alone_speak_where_too_few_are_expected_on_one_side() -> None:
    one = corrected_share(Side(10, 1, 1), Side(990, 49, 0))
    alone = share_interval(1, 50)
    assert (one.method, one.share) == (Method.LABELLED, 0.02)
    assert alone.low <= one.low < one.high < alone.high


def test_what_people_said_does_not_decide_the_method() -> None:
    methods = {
        corrected_share(Side(100, 5, a), Side(900, 45, b)).method
        for a, b in product(range(6), (0, 1, 20, 45))
    }
    assert methods == {Method.CORRECTED}


def test_all_labelled_leaves_no_doubt() -> None:
    one = corrected_share(Side(40, 40, 30), Side(60, 60, 5))
    assert (one.share, one.low, one.high) == pytest.approx((0.35, 0.35, 0.35))


def test_without_labels_nothing_is_known() -> None:
    assert corrected_share(Side(40, 0, 0), Side(60, 0, 0)) == CorrectedShare(
        0.0, 0.0, 1.0, Method.LABELLED
    )


def test_an_accurate_model_shortens_the_interval_by_half() -> None:
    one = corrected_share(Side(100_000, 50, 48), Side(900_000, 450, 3))
    alone = share_interval(51, 500)
    assert one.high - one.low < 0.5 * (alone.high - alone.low)


def test_a_hundred_million_pictures() -> None:
    one = corrected_share(Side(3_000_000, 15, 12), Side(97_000_000, 485, 0))
    assert one.low < 0.024 < one.high < 0.04


def test_the_complement_is_the_mirror_image() -> None:
    answered, others = Side(3_000, 30, 27), Side(7_000, 70, 2)
    one, other = (
        corrected_share(answered, others),
        corrected_share(others.lacking, answered.lacking),
    )
    assert other.low == pytest.approx(1 - one.high, abs=2e-5)
    assert other.high == pytest.approx(1 - one.low, abs=2e-5)


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="having <= labelled <= size"):
        Side(5, 6, 1)


def hypergeometric(size: int, having: int, drawn: int) -> NDArray[np.float64]:
    return np.array(
        [
            comb(having, n) * comb(size - having, drawn - n) / comb(size, drawn)
            for n in range(drawn + 1)
        ]
    )
