"""Rules for each picture as candidates: which are tried, and which is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from tierwise.answers.labels import OneLabel
from tierwise.calibration.adaptations import adaptations, literal_routings
from tierwise.calibration.choice import Terms, choose
from tierwise.calibration.figures import Observation
from tierwise.calibration.order import order_of
from tierwise.calibration.routes import Routes, expected_costs, usual_routes
from tierwise.records import Page, Route
from tierwise.routing import Routing, decide
from tierwise.statistics.paired import p_worse_by
from tierwise.statistics.sequence import refuted_in_order

KIND = OneLabel(("cat", "dog"))
IMAGES = 800
LARGE, SMALL = (4000, 3000), (640, 480)
OFF = Routing(fit_pixels=False, fit_written=False)
NAMED, ON = Routing(fit_pixels=False), Routing(fit_written=True)

Observe = Callable[..., list[Observation]]


def pages(details: Sequence[float], size: tuple[int, int] = LARGE) -> list[Page]:
    return [Page(1, 1, *size, "jpeg", detail) for detail in details]


def alone(own: Route) -> Routes:
    return {name: usual_routes(own)[name] for name in ("high", "medium", "low")}


# A tenth of the images is print.
DETAILS = [0.3 + n / 10_000 if n % 10 == 0 else n / 100_000 for n in range(IMAGES)]


def test_thresholds_are_quantiles_and_go_from_the_surest_rule_to_the_boldest(own: Route) -> None:
    routes = alone(own)
    found = adaptations(routes, pages(DETAILS), Routing())
    assert order_of(routes, found) == ["medium", *(one.name for one in found), "low"]
    raised = [one.routing.raised_share for one in found if one.routing]
    assert raised == [1 / 2, 1 / 4, 1 / 8, 1 / 16]
    for one in found:
        assert one.routing is not None
        taken = [decide(routes["low"], one.routing, page).route for page in pages(DETAILS)]
        assert [routes[name] for (name,) in one.asked] == taken


def test_each_rule_asks_cheaply_what_the_one_before_it_does_and_more(own: Route) -> None:
    mixed = [*pages(DETAILS), *pages(DETAILS[:100], SMALL)]
    found = adaptations(usual_routes(own), mixed, Routing())
    assert len(found) == 5
    for surer, bolder in pairwise(found):
        for one, other in zip(surer.asked, bolder.asked, strict=True):
            assert other == one or (one, other) == (("high",), ("low",))


def test_pictures_that_are_alike_or_of_which_nothing_is_known_make_no_rule(own: Route) -> None:
    assert not adaptations(alone(own), pages([0.2] * 50), Routing())
    assert not adaptations({"low": own}, pages(DETAILS), Routing())
    assert not adaptations(alone(own), [Page()] * 30, Routing())


def test_a_rule_that_needs_a_route_which_is_not_tried_is_left_out(own: Route) -> None:
    """Pictures of 1000 px fit medium."""
    routes = {name: usual_routes(own)[name] for name in ("high", "low")}
    mixed = [*pages([0.0] * 30), *pages([0.0] * 10, (1000, 750))]
    assert not adaptations(routes, mixed, Routing())
    assert adaptations(alone(own), mixed, Routing())


def test_fewer_pixels_are_tried_where_some_images_have_few(own: Route) -> None:
    mixed = [*pages([0.0] * 30), *pages([0.0] * 10, SMALL)]
    [found] = adaptations(alone(own), mixed, Routing())
    assert (found.name, found.base) == ("high, less where few pixels", "high")
    assert found.asked == [("high",)] * 30 + [("low",)] * 10
    assert not adaptations(alone(own), mixed, OFF)
    # A tasks file that names a media resolution leaves it to the calibration.
    [shown] = adaptations(alone(own), mixed, NAMED)
    assert shown.routing == found.routing == Routing()
    # All of them small is what `low` is already.
    assert not adaptations(alone(own), pages([0.0] * 40, SMALL), Routing())


def test_a_route_is_asked_as_it_is_unless_the_tasks_file_lowers_it(own: Route) -> None:
    """Then it keeps the rule where that changed nothing of what was measured."""
    mixed = [*pages([0.0] * 30), *pages([0.0], SMALL)]
    fits = {n: r.fit_pixels for n, r in literal_routings(alone(own), mixed, ON).items()}
    assert fits == {"high": False, "medium": False, "low": True}
    large = literal_routings(alone(own), pages([0.0] * 30), ON)
    assert all(routing.fit_pixels for routing in large.values())
    for rules in (OFF, NAMED, Routing()):
        found = literal_routings(alone(own), pages([0.0] * 30), rules)
        assert not any(routing.fit_pixels for routing in found.values())


def test_print_is_raised_where_low_cannot_read_it(own: Route, observe: Observe) -> None:
    """`low` errs on half of the print, and hardly ever elsewhere; `medium` on hardly any."""
    routes = alone(own)
    missed = [detail > 0.1 and number % 20 == 0 for number, detail in enumerate(DETAILS)]
    observed = {
        "high": observe([True] * IMAGES, 1000),
        "medium": observe([not one or number % 200 > 0 for number, one in enumerate(missed)], 600),
        "low": observe([not one for one in missed], 300),
    }
    found = choose(
        KIND,
        routes,
        observed,
        Terms(0.02, 0.95, costs=expected_costs(routes, "Which?", DAY)),
        composed=adaptations(routes, pages(DETAILS), Routing()),
        routings=literal_routings(routes, pages(DETAILS), Routing()),
    )
    best = found.route(found.chosen)
    assert best.composed
    assert best.route == routes["low"]
    assert best.routing is not None
    assert (best.routing.raised_share, best.figures.score) == (1 / 8, 1)
    assert best.figures.usd_per_1000_images < found.route("medium").figures.usd_per_1000_images
    assert [one.name for one in found.telling] == ["high", "medium", "low", found.chosen]


DAY = date(2026, 11, 23)
TIMES, MARGIN, CONFIDENCE = 1_000, 0.05, 0.9


@pytest.mark.parametrize("informative", [True, False])
def test_over_many_archives_bad_rules_are_accepted_no_more_often_than_promised(
    informative: bool, own: Route
) -> None:
    """Where every rule and every route is as bad as the margin, or worse.

    The cheaper routes lose images of any kind, or only of those that no rule raises.
    """
    routes, sample = alone(own), 200
    random = np.random.default_rng(7)
    details = random.random(sample).round(4)
    rules = adaptations(routes, pages(details.tolist()), Routing())
    order = order_of(routes, rules)
    # Half of the images stay at `low` by the surest rule: even so the margin is lost.
    half = details <= np.median(details)
    chance = np.where(half, 0.1, 0.0) if informative else np.full(sample, 0.1)
    deceived, bad = 0, [one.name for one in rules] + ["medium", "low"]
    for _ in range(TIMES):
        wrong = random.random(sample) < chance
        lost = {"medium": wrong.sum(), "low": wrong.sum()} | {
            one.name: sum(wrong[n] for n, (name,) in enumerate(one.asked) if name == "low")
            for one in rules
        }
        p_values = {name: p_value(int(count), sample) for name, count in lost.items()}
        accepted = refuted_in_order(order, p_values, 1 - CONFIDENCE)
        deceived += bool(set(bad).intersection(accepted))
    assert deceived / TIMES <= 0.1 + 3 * np.sqrt(0.1 * 0.9 / TIMES)


@cache
def p_value(lost: int, images: int) -> float:
    return p_worse_by(MARGIN, images=images, lost=lost, gained=0)
