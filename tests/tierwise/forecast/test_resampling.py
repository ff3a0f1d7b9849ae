"""How many files each file of a sample may stand for."""

from __future__ import annotations

import random
from statistics import fmean, variance

import numpy as np
import pytest

from tierwise.forecast.resampling import drawn_weights, middle_weights, unreadable
from tierwise.forecast.survey import SeenFile, SeenImage, Standing, Stratum

IMAGE = SeenImage(640, 480, "a.pdf", {}, {"a": Standing.ASKED})
BROKEN = SeenFile()


def pages(count: int) -> SeenFile:
    return SeenFile((IMAGE,) * count)


def drawn(*strata: Stratum) -> list[list[float]]:
    rng = np.random.default_rng(7)
    return [list(drawn_weights(strata, rng)) for _ in range(2000)]


def totals(stratum: Stratum, weights: list[list[float]]) -> list[float]:
    counts = [len(file.images) for file in stratum.seen]
    return [sum(w * n for w, n in zip(some, counts, strict=True)) for some in weights]


def test_what_was_looked_at_wholly_is_what_it_is() -> None:
    whole = Stratum(3, (pages(1), pages(5), BROKEN))
    assert list(middle_weights([whole])) == [1, 1, 1]
    assert list(drawn_weights([whole], np.random.default_rng(1))) == [1, 1, 1]


@pytest.mark.parametrize("files", [45, 60, 150, 4000])
def test_others_are_as_uncertain_as_the_mean_of_a_sample(files: int) -> None:
    """Without replacement: the variance of a total is N (N - n) s² / n."""
    rng = random.Random(2)
    seen = tuple(pages(rng.randint(1, 30)) for _ in range(40))
    stratum = Stratum(files, seen)
    found = drawn(stratum)
    assert all(sum(some) == pytest.approx(files) and min(some) >= 1 for some in found)
    counts = [len(file.images) for file in seen]
    expected = files * (files - 40) * variance(counts) / 40
    # Of 2000 draws the variance of the variance is about 3 %; what is imagined adds little.
    assert variance(totals(stratum, found)) == pytest.approx(expected, rel=0.15)
    assert fmean(totals(stratum, found)) == pytest.approx(files * fmean(counts), rel=0.02)


def test_where_all_that_was_seen_is_broken_others_of_the_kind_are_imagined() -> None:
    broken = Stratum(100, (BROKEN,) * 5, "pdf")
    small, photos = Stratum(3, (pages(4),) * 3, "pdf"), Stratum(9, (pages(1),) * 9, "jpg")
    found = drawn(broken, small, photos)
    assert all(some[8:] == [1] * 9 for some in found)
    sound = [sum(some[5:8]) - 3 for some in found]
    assert 2 < fmean(sound) < 6  # a twelfth, less as often as the broken ones are imagined
    assert sorted(sound)[1000] < 3
    assert max(sound) > 20


def test_a_pilot_may_ask_other_files_than_those_that_were_seen() -> None:
    rare = Stratum(0.3, (pages(990), pages(990)), "pdf", spread=0.5, certain=False)
    assert not rare.complete
    asked = [sum(some) for some in drawn(rare)]
    assert fmean(asked) == pytest.approx(0.3, abs=0.06)
    assert sum(one < 0.01 for one in asked) > 1000 > sum(one > 0.9 for one in asked) > 100


def test_what_is_no_picture_says_nothing_of_how_many_are_broken() -> None:
    stratum = Stratum(100, (pages(1), BROKEN, SeenFile(foreign=True), SeenFile(foreign=True)))
    assert unreadable([stratum], np.array([1, 1, 50, 50])).mean == 0.5
    assert unreadable([stratum], np.array([3, 1, 0, 0])).mean == 0.25
    assert unreadable([], np.array([])).mean == 0
