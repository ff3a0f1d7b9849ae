"""The order in which candidates are tested, which nothing that was measured has a say in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.calibration.composed import ComposedRoute, Escalated
from tierwise.calibration.order import check_order, order_of
from tierwise.calibration.routes import (
    Routes,
    dearest_first,
    expected_costs,
    read_routes,
    usual_routes,
)
from tierwise.errors import InputError
from tierwise.records import ImageSettings, MediaResolution, Route

DAY = date(2026, 11, 23)
OWN = Route("gemini-3.1-flash-lite", MediaResolution.LOW, ImageSettings(912, tokens=280))
AGAIN = Escalated("a", OWN, {})


def in_order(
    routes: Routes, composed: Sequence[ComposedRoute] = (), joint: Routes | None = None
) -> list[str]:
    joint = joint or {}
    costs = expected_costs({**routes, **joint}, "Which?", DAY)
    return order_of(routes, composed, joint, costs=costs)


def usual(own: Route, more: str = "low") -> Routes:
    return dearest_first({**usual_routes(own), **read_routes(more, own)}, "Which?", DAY)


def test_single_pictures_come_first_and_less_detail_later(own: Route) -> None:
    routes = usual(own, "low-512px,low-800px,high-x4")
    assert in_order(routes) == [
        *("medium", "low", "low-800px", "low-512px"),
        *("high-x4", "medium-s4", "low-s4"),
        *("high-x8", "medium-x8", "low-x8"),
    ]


def test_rules_stand_before_their_route_and_together_behind_it(own: Route) -> None:
    routes = {name: usual(own)[name] for name in ("high", "medium", "low")}
    rules = [
        ComposedRoute("half", "low", []),
        ComposedRoute("eighth", "low", []),
        ComposedRoute("medium>high", "medium", [], None, AGAIN),
        ComposedRoute("low>high", "low", [], None, AGAIN),
    ]
    joint = {"low+together": routes["low"], "high+together": routes["high"]}
    assert in_order(routes, rules, joint) == [
        *("high+together", "medium>high", "medium"),
        *("half", "eighth", "low>high", "low", "low+together"),
    ]
    # Where the reference is the cheapest, rules that start from it are all there is.
    alone = [ComposedRoute("high, less where few pixels", "high", [])]
    assert order_of({"high": routes["high"]}, alone) == ["high, less where few pixels"]


@given(st.data())
def test_every_candidate_stands_there_once_and_those_that_are_named_first(
    data: st.DataObject,
) -> None:
    routes = usual(OWN)
    names = [name for name in routes if name != "high"]
    first = data.draw(st.lists(st.sampled_from([*names, "unknown"]), unique=True))
    found = order_of(routes, first=first)
    assert sorted(found) == sorted(names)
    known = [name for name in first if name in names]
    assert found[: len(known)] == known


@pytest.mark.parametrize("written", [["lwo"], ["low", "high"]])
def test_an_order_of_what_is_not_tried_is_refused(written: Sequence[str]) -> None:
    with pytest.raises(InputError, match=f"--order: '{written[-1]}' is not a route"):
        check_order(written, {"a": ["low", "low-x8"], "b": ["medium"]})
    check_order(["medium", "low"], {"a": ["low", "low-x8"], "b": ["medium"]})
