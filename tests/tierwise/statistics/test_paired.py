"""The exact test of being worse by a margin: never deceived too often, and rarely timid."""

from __future__ import annotations

from functools import cache
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.statistics.paired import p_worse_by, score

IMAGES = 24


@cache
def p_values(margin: float) -> list[tuple[int, int, float]]:
    """For every sample of 24 images, what the test says."""
    return [
        (lost, gained, p_worse_by(margin, images=IMAGES, lost=lost, gained=gained))
        for lost in range(IMAGES + 1)
        for gained in range(IMAGES + 1 - lost)
    ]


def chance(lost: int, gained: int, share_lost: float, share_gained: float) -> float:
    same = IMAGES - lost - gained
    ways = comb(IMAGES, lost) * comb(IMAGES - lost, gained)
    likely = share_lost**lost * share_gained**gained
    return float(ways * likely * max(0.0, 1 - share_lost - share_gained) ** same)


@pytest.mark.parametrize("margin", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("error", [0.01, 0.05, 0.2])
def test_no_archive_that_is_worse_by_the_margin_passes_too_often(
    margin: float, error: float
) -> None:
    passing = [(lost, gained) for lost, gained, p in p_values(margin) if p <= error]
    for share_gained in np.linspace(0, (1 - margin) / 2, 60):
        for beyond in (0, 0.03):  # exactly by the margin, and by more
            share_lost = min(share_gained + margin + beyond, 1 - share_gained)
            deceived = sum(chance(*sample, share_lost, share_gained) for sample in passing)
            assert deceived <= error, (share_lost, share_gained)


@given(
    st.integers(1, 3_000),
    st.floats(0.001, 0.9),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_more_lost_never_looks_better_and_more_gained_never_worse(
    images: int, margin: float, loses: float, gains: float
) -> None:
    lost = int(loses * (images - 1))
    gained = int(gains * (images - 1 - lost))
    here, with_loss, with_gain = score(
        margin,
        images,
        np.array([lost, lost + 1, lost], float),
        np.array([gained, gained, gained + 1], float),
    )
    assert with_loss <= here + 1e-9
    assert with_gain >= here - 1e-9


@pytest.mark.parametrize(
    ("images", "lost", "gained", "margin"),
    [(570, 6, 5, 0.02), (2_500, 50, 48, 0.01), (20_000, 1_000, 950, 0.005)],
)
def test_it_decides_nearly_as_the_normal_law_would_on_large_samples(
    images: int, lost: int, gained: int, margin: float
) -> None:
    found = p_worse_by(margin, images=images, lost=lost, gained=gained)
    deviations = float(score(margin, images, np.array(lost), np.array(gained)))
    tail = 0.5 * (1 - np.tanh(deviations * (0.7978845608 + 0.0356774081 * deviations**2)))
    assert found == pytest.approx(tail, rel=0.35)
    assert found > 0


def test_samples_without_any_difference() -> None:
    assert p_worse_by(0.01, images=0, lost=0, gained=0) == 1
    # Where one in a hundred is lost, 250 images agree with the chance 0.99 ** 250 = 0.081.
    found = p_worse_by(0.01, images=250, lost=0, gained=0)
    assert 0.99**250 <= found <= 1.2 * 0.99**250
    assert p_worse_by(0.01, images=100_000, lost=0, gained=0) < 0.001


def test_a_sample_that_is_worse_refutes_nothing() -> None:
    assert p_worse_by(0.01, images=500, lost=40, gained=10) > 0.9
