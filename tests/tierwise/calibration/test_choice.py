"""The choice of a route, and how often it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from tierwise.answers.labels import OneLabel
from tierwise.calibration.choice import Choice, Terms, choose
from tierwise.calibration.figures import Observation
from tierwise.calibration.order import order_of
from tierwise.calibration.routes import usual_routes
from tierwise.records import Route
from tierwise.statistics.paired import p_worse_by
from tierwise.statistics.sequence import refuted_in_order

KIND = OneLabel(("cat", "dog"))


def test_the_cheapest_good_route_is_chosen(choice: Choice) -> None:
    assert (choice.reference, choice.chosen) == ("high", "low")
    assert choice.why == (
        "low costs least of the routes that were shown not to be worse than high by 0.02 or more "
        "(4 of 5), at 95% confidence."
    )
    worse = choice.route("low-x8")
    assert not worse.accepted
    assert worse.images_needed is None  # it loses more than the margin: no sample will help
    assert worse.comparison is not None
    assert (worse.comparison.lost, worse.comparison.gained) == (40, 0)


def test_a_sample_that_is_too_small_keeps_the_dearer_route_and_says_what_it_would_take(
    own: Route, observe: Callable[..., list[Observation]]
) -> None:
    routes = {name: usual_routes(own)[name] for name in ("high", "low")}
    observed = {"high": observe([True] * 40, 900), "low": observe([True] * 40, 400)}
    found = choose(KIND, routes, observed, Terms(0.01, 0.95))
    assert found.chosen == "high"
    needed = found.route("low").images_needed
    assert needed is not None
    assert found.why.endswith(
        f"40 labelled images are too few to say so of low: at the next look at "
        f"these labels it would take about {needed}."
    )
    enough = {"high": observe([True] * needed, 900), "low": observe([True] * needed, 400)}
    assert choose(KIND, routes, enough, Terms(0.01, 0.95, look=2)).chosen == "low"


def test_without_an_answer_an_image_counts_as_wrong(
    own: Route, observe: Callable[..., list[Observation]], unanswered: Observation
) -> None:
    routes = {name: usual_routes(own)[name] for name in ("high", "low")}
    observed = {
        "high": observe([True] * 300, 900),
        "low": [*observe([True] * 270, 400), *([unanswered] * 30)],
    }
    assert choose(KIND, routes, observed, Terms(0.02, 0.95)).chosen == "high"


def test_of_routes_that_cost_the_same_the_better_one_is_chosen(
    own: Route, observe: Callable[..., list[Observation]]
) -> None:
    routes = {name: usual_routes(own)[name] for name in ("high", "medium", "low")}
    observed = {
        "high": observe([True] * 400, 900),
        "medium": observe([True] * 400, 401),
        "low": observe([True] * 399 + [False], 400),
    }
    found = choose(KIND, routes, observed, Terms(0.05, 0.95))
    assert [one.accepted for one in found.routes] == [True, True, True]
    assert found.chosen == "medium"


def test_a_single_route_is_kept(own: Route, observe: Callable[..., list[Observation]]) -> None:
    found = choose(KIND, {"low": own}, {"low": observe([True])}, Terms(0.01, 0.95))
    assert found.chosen == "low"


# Shares of images that each route of the usual grid loses and gains against the reference, one line
# per kind of archive. Those that lose 0.05 more than they gain, or more, must not be accepted.
ARCHIVES = {
    "all exactly at the margin": [(0.05, 0.0)] * 7,
    "all at the margin, with much disagreement": [(0.15, 0.10)] * 7,
    "good until the last of each chain": [
        (0.01, 0.01), (0.07, 0.02), (0.01, 0.01), (0.01, 0.01), (0.07, 0.02),
        (0.01, 0.01), (0.07, 0.02)
    ],
    "good packs, bad resolutions": [
        (0.06, 0.01), (0.20, 0.0), (0.0, 0.0), (0.06, 0.01), (0.20, 0.0), (0.0, 0.0), (0.20, 0.0)
    ],
    "only one bad": [(0.0, 0.02), (0.0, 0.0), (0.0, 0.0), (0.01, 0.01), (0.055, 0.005),
                     (0.0, 0.0), (0.0, 0.0)],
}  # fmt: skip
MARGIN, CONFIDENCE, IMAGES, TIMES = 0.05, 0.9, 200, 2_000


@pytest.mark.parametrize("archive", ARCHIVES)
@pytest.mark.parametrize("together", [True, False])
def test_over_thousands_of_archives_bad_routes_are_accepted_no_more_often_than_promised(
    archive: str, together: bool, own: Route
) -> None:
    names = [name for name in usual_routes(own) if name != "high"]
    shares = np.array(ARCHIVES[archive])
    bad = {
        name for name, (lost, gained) in zip(names, shares, strict=True) if lost - gained > 0.049
    }
    random = np.random.default_rng(29)
    # Routes err on the same images, those that are hard, or each on its own.
    drawn = random.random((TIMES, 1 if together else len(names), IMAGES))
    losses = (drawn < shares[:, :1]).sum(axis=2)
    gains = (drawn > 1 - shares[:, 1:]).sum(axis=2)
    order = order_of({"high": own, **usual_routes(own)})
    deceived = 0
    for lost, gained in zip(losses.tolist(), gains.tolist(), strict=True):
        p_values = dict(zip(names, map(p_value, lost, gained), strict=True))
        accepted = refuted_in_order(order, p_values, 1 - CONFIDENCE)
        deceived += bool(bad.intersection(accepted))
    # The true share is at most 0.1; that of two thousand may lie three deviations above it.
    assert deceived / TIMES <= 0.1 + 3 * np.sqrt(0.1 * 0.9 / TIMES)


@cache
def p_value(lost: int, gained: int) -> float:
    return p_worse_by(MARGIN, images=IMAGES, lost=lost, gained=gained)
