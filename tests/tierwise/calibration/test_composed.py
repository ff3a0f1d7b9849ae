"""Rules made of routes that were asked already: what they answer and cost, where they stand."""

from __future__ import annotations

from collections.abc import Callable

from tierwise.answers.labels import OneLabel
from tierwise.calibration.choice import Terms, choose
from tierwise.calibration.composed import ComposedRoute
from tierwise.calibration.figures import Observation
from tierwise.calibration.routes import usual_routes
from tierwise.records import Route

KIND = OneLabel(("cat", "dog"))
Observe = Callable[..., list[Observation]]


def test_the_last_answer_counts_and_all_is_paid_and_waited_for(observe: Observe) -> None:
    observed = {"low": observe([False, True], 400), "high": observe([True, True], 900)}
    rule = ComposedRoute("doubt", "low", [("low", "high"), ("low",)])
    first, second = rule.observations(observed)
    assert (first.value, first.spent.cost, first.latency_ms) == ("cat", 1300, 1400)
    assert second == observed["low"][1]


def test_a_rule_that_errs_less_than_its_route_is_chosen_at_what_it_costs(
    observe: Observe, own: Route
) -> None:
    """`low` errs on the fifth of the images that the rule asks at `high`."""
    routes = {name: usual_routes(own)[name] for name in ("high", "low")}
    hard = [number % 5 == 0 for number in range(500)]
    observed = {
        "high": observe([True] * 500, 900),
        "low": observe([not one for one in hard], 400),
    }
    picks = [("high",) if one else ("low",) for one in hard]
    found = choose(
        KIND,
        routes,
        observed,
        Terms(0.05, 0.95),
        composed=[ComposedRoute("low, hard ones high", "low", picks)],
    )
    assert found.chosen == "low, hard ones high"
    best = found.route(found.chosen)
    assert best.route == routes["low"]
    assert best.figures.score == 1
    assert best.figures.usd_per_1000_images * 10**6 == 500  # a fifth at 900, the others at 400
    assert not found.route("low").accepted
