"""Cascades: which images are asked again, what that costs, and how often a bad one is accepted."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pytest
import yaml

from tierwise.answers.labels import OneLabel
from tierwise.calibration.cascades import DoubtRule, Signal, cascades
from tierwise.calibration.choice import Terms, choose
from tierwise.calibration.composed import ComposedRoute, Escalated
from tierwise.calibration.figures import Observation
from tierwise.calibration.order import order_of
from tierwise.calibration.routes import expected_costs, read_routes, usual_routes
from tierwise.calibration.rule_text import escalate_lines
from tierwise.records import Route, Spent
from tierwise.statistics.paired import p_worse_by
from tierwise.statistics.sequence import refuted_in_order
from tierwise.tasks import load_tasks
from tierwise.tasks.condition_checks import load_condition

KIND = OneLabel(("cat", "dog", "unsure"))
UNSURE = DoubtRule("unsure", load_condition('category == "unsure"', {"category": KIND}), {})


def observations(values: list[str | None], cost: int, truth: str = "cat") -> list[Observation]:
    return [Observation(truth, value, None, Spent(cost=cost, requests=1)) for value in values]


@pytest.fixture
def routes(own: Route) -> dict[str, Route]:
    return {name: usual_routes(own)[name] for name in ("high", "medium", "low", "low-x8")}


def test_only_answers_in_doubt_are_asked_again(routes: dict[str, Route]) -> None:
    observed = {
        "high": observations(["cat", "cat", "cat", "dog"], 900),
        "low": observations(["cat", "unsure", "dog", None], 400),
    }
    two = {name: routes[name] for name in observed}
    [rule] = cascades("category", two, ["high"], [UNSURE], observed)
    assert rule.name == "low>high if unsure"
    assert rule.asked == [("low",), ("low", "high"), ("low",), ("low",)]
    assert [one.value for one in rule.observations(observed)] == ["cat", "cat", "dog", None]
    assert [one.spent.cost for one in rule.observations(observed)] == [400, 1300, 400, 400]
    assert rule.escalation == Escalated('category == "unsure"', routes["high"], {})


def test_a_signal_is_paid_for_every_image_and_doubt_where_it_is_lost(
    routes: dict[str, Route],
) -> None:
    condition = load_condition("category != check", {"category": KIND, "check": KIND})
    doubt = DoubtRule("in doubt", condition, {"check": Signal("check@low", "d1")})
    observed = {
        "high": observations(["cat"] * 4, 900),
        "low": observations(["cat", "cat", "dog", None], 400),
        "check@low": observations(["cat", "dog", None, "cat"], 50),
    }
    two = {name: routes[name] for name in ("high", "low")}
    [rule] = cascades("category", two, ["high"], [doubt], observed)
    assert [names[-1] for names in rule.asked] == ["low", "high", "high", "low"]
    assert [one.spent.cost for one in rule.observations(observed)] == [450, 1350, 1350, 450]
    assert rule.escalation is not None
    assert rule.escalation.signals == {"check": "d1"}


def test_every_cheaper_route_may_lead_to_a_dear_one(routes: dict[str, Route]) -> None:
    observed = {name: observations(["cat"], 1) for name in routes}
    found = list(cascades("category", routes, ["high", "medium"], [UNSURE], observed))
    assert [one.name.removesuffix(" if unsure") for one in found] == [
        *("medium>high", "low>high", "low-x8>high"),
        *("low>medium", "low-x8>medium"),
    ]


def test_a_cascade_is_chosen_where_it_costs_less_than_any_good_route(
    routes: dict[str, Route],
) -> None:
    hard = [number % 5 == 0 for number in range(500)]
    observed = {
        "high": observations(["cat"] * 500, 900),
        "low": observations(["unsure" if one else "cat" for one in hard], 400),
    }
    two = {name: routes[name] for name in observed}
    composed = list(cascades("category", two, ["high"], [UNSURE], observed))
    found = choose(KIND, two, observed, Terms(0.05, 0.95), composed=composed)
    best = found.route(found.chosen)
    assert found.chosen == "low>high if unsure"
    assert best.escalation == composed[0].escalation
    assert best.figures.usd_per_1000_images * 10**6 == 580  # all at 400, a fifth at 900 too
    assert not found.route("low").accepted


PAIRS = ["low>high", "low-x8>high", "medium-s4>high", "low-300px>low", "low-300px-x8>low-x4"]


@pytest.mark.parametrize("pair", [*PAIRS, "low>low-300px", "high-300px>gemini-2.5-flash-lite/high"])
def test_the_rule_can_be_put_into_the_tasks_file(pair: str, own: Route) -> None:
    first, second = (read_routes(name, own)[name] for name in pair.split(">"))
    lines = escalate_lines(first, Escalated('a == "unsure"', second, {}))
    task = {"prompt": "x", "labels": ["b", "unsure"], **yaml.safe_load("\n".join(lines))}
    defaults = {"images_per_sheet": 9, "images_per_request": 18, "media_resolution": "medium"}
    file = {"model": "gemini-3.5-flash-lite", "defaults": defaults, "tasks": {"a": task}}
    loaded = load_tasks(yaml.safe_dump(file), path="t.yaml").task("a")
    assert loaded.route == first
    assert loaded.escalation is not None
    assert loaded.escalation.route == second
    assert loaded.escalation.when.text == 'a == "unsure"'


# Of all images, the shares that a cheap route has wrong and is sure of, has wrong and is in doubt
# of, and that only it has right; the same for medium, low and low in packs. A cascade loses what
# is wrong and not doubted. Those that lose 0.05 more than they gain must not be accepted.
ARCHIVES = {
    "cascades at the margin": [(0.05, 0.1, 0.0)] * 3,
    "at the margin, gaining too": [(0.08, 0.1, 0.03)] * 3,
    "good until the last": [(0.01, 0.02, 0.01), (0.06, 0.1, 0.01), (0.05, 0.0, 0.0)],
    "doubt about nothing": [(0.05, 0.0, 0.0), (0.2, 0.0, 0.0), (0.06, 0.0, 0.01)],
}
DAY = date(2026, 11, 23)
MARGIN, CONFIDENCE, IMAGES, TIMES = 0.05, 0.9, 200, 2_000


@pytest.mark.parametrize("archive", ARCHIVES)
def test_over_thousands_of_archives_bad_cascades_are_accepted_no_more_often_than_promised(
    archive: str, routes: dict[str, Route]
) -> None:
    cheap = ["medium", "low", "low-x8"]
    wrong, doubted, gained = np.array(ARCHIVES[archive]).T
    bad = {f"{n}>high" for n, w, g in zip(cheap, wrong, gained, strict=True) if w - g > 0.049}
    bad |= {
        name
        for name, w, d, g in zip(cheap, wrong, doubted, gained, strict=True)
        if w + d - g > 0.049
    }
    random = np.random.default_rng(31)
    drawn = random.random((TIMES, 1, IMAGES))  # routes err on the same images, those that are hard
    sure = (drawn < wrong[:, None]).sum(axis=2)
    lost = (drawn < (wrong + doubted)[:, None]).sum(axis=2)
    won = (drawn > 1 - gained[:, None]).sum(axis=2)
    rules = [ComposedRoute(f"{name}>high", name, []) for name in cheap]
    order = order_of(routes, rules, costs=expected_costs(routes, "Which?", DAY))
    deceived = 0
    for unseen, all_lost, only in zip(sure.tolist(), lost.tolist(), won.tolist(), strict=True):
        p_values: dict[Any, float] = dict(zip(cheap, map(p_value, all_lost, only), strict=True))
        of_cascades = map(p_value, unseen, only)
        p_values |= {f"{n}>high": p for n, p in zip(cheap, of_cascades, strict=True)}
        deceived += bool(bad.intersection(refuted_in_order(order, p_values, 1 - CONFIDENCE)))
    assert deceived / TIMES <= 0.1 + 3 * np.sqrt(0.1 * 0.9 / TIMES)


@cache
def p_value(lost: int, gained: int) -> float:
    return p_worse_by(MARGIN, images=IMAGES, lost=lost, gained=gained)
