"""Comparisons on the same images, how many images would do, and searches over many candidates."""

from __future__ import annotations

import numpy as np
import pytest

from tierwise.statistics.betting import p_mean_at_most
from tierwise.statistics.non_inferiority import compare


def scores(random: np.random.Generator, images: int, lost: float, gained: float) -> list[list[int]]:
    """Right and wrong answers of a reference and a candidate."""
    kinds = random.choice(4, images, p=[lost, gained, 0.05, 0.95 - lost - gained])
    table = np.array([(1, 0), (0, 1), (0, 0), (1, 1)])[kinds]
    return [list(map(int, table[:, 0])), list(map(int, table[:, 1]))]


def test_the_comparison_counts_what_was_lost_and_gained() -> None:
    found = compare([1, 1, 1, 0, 0], [1, 0, 0, 1, 0], margin=0.1)
    assert (found.images, found.lost, found.gained, found.graded) == (5, 2, 1, False)
    assert found.difference == pytest.approx(-0.2)
    assert found.spread == pytest.approx(3 / 5 - 0.2**2)


@pytest.mark.parametrize("margin", [0.02, 0.05])
@pytest.mark.parametrize("disagreeing", [0.0, 0.04, 0.12])
@pytest.mark.parametrize("error", [0.05, 0.01])
def test_the_number_of_images_needed_suffices_four_times_out_of_five(
    margin: float, disagreeing: float, error: float
) -> None:
    random = np.random.default_rng(3)
    shares = (disagreeing / 2, disagreeing / 2)
    images = 10_000
    flips = round(images * disagreeing / 2)
    same = images - 2 * flips
    pilot = compare(
        [1] * flips + [0] * flips + [1] * same,
        [0] * flips + [1] * flips + [1] * same,
        margin=margin,
    )
    needed = pilot.images_needed(error)
    assert needed is not None
    passed = sum(
        compare(*scores(random, needed, *shares), margin=margin).p_value <= error for _ in range(60)
    )
    assert 38 <= passed <= 60  # 48 expected
    assert needed < 1.5 * 4.5 * max(disagreeing, margin) * np.log(1 / error) / margin**2


def test_more_images_cannot_help_a_candidate_that_is_too_bad() -> None:
    found = compare([1] * 90 + [0] * 10, [1] * 80 + [0] * 20, margin=0.05)
    assert found.images_needed(0.05) is None


def test_scores_in_between_are_tested_too() -> None:
    random = np.random.default_rng(5)
    reference = random.choice([0.5, 0.8, 1.0], 2_000)
    nearly = np.where(random.random(2_000) < 0.05, reference - 0.1, reference)
    worse = np.where(random.random(2_000) < 0.8, reference - 0.1, reference)
    found = compare(list(reference), list(nearly), margin=0.05, whole=False)
    assert found.graded
    assert found.p_value < 0.01
    assert compare(list(reference), list(worse), margin=0.05, whole=False).p_value == 1


def test_a_bet_on_too_low_a_mean_rarely_wins() -> None:
    random = np.random.default_rng(11)
    samples = random.choice([-1, -0.5, 0, 0.5], (400, 150), p=[0.1, 0.1, 0.6, 0.2])
    won = sum(p_mean_at_most(-0.05, list(sample), -1, 1) <= 0.1 for sample in samples)
    assert won <= 40


def test_what_is_lost_with_one_large_unit_does_not_hide_behind_small_ones() -> None:
    """Nine hundred of 1,230 images are lost, which is one of 331 units."""
    units = ["one template"] * 900 + [""] * 330
    found = compare([1.0] * 1230, [0.0] * 900 + [1.0] * 330, margin=0.05, units=units)
    assert (found.units, found.p_value) == (331, 1.0)


def test_a_template_that_is_lost_now_and_then_deceives_no_more_often_than_promised() -> None:
    """Six in ten pictures are of one template and lost in a fifth, all others are right."""
    random = np.random.default_rng(2)
    accepted = 0
    for _ in range(300):
        template = random.random(250) < 0.6
        theirs = 1.0 - (template & (random.random(250) < 0.2))
        units = ["template" if one else "" for one in template]
        found = compare([1.0] * 250, theirs.tolist(), margin=0.05, units=units)
        accepted += found.p_value <= 0.05
    assert accepted <= 300 * 0.05
