"""The names of routes, the usual grid, and the order in which routes are trusted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tierwise.calibration.routes import (
    dearest_first,
    expected_costs,
    read_routes,
    route_name,
    usual_routes,
)
from tierwise.errors import InputError
from tierwise.records import MediaResolution, Route
from tierwise.tasks.top_down import TreeTokens

DAY = date(2026, 11, 23)


def test_the_usual_grid_holds_the_tasks_own_route_once(own: Route) -> None:
    names = ["high", "medium", "low", "high-x8", "medium-x8", "low-x8", "medium-s4", "low-s4"]
    assert list(usual_routes(own)) == names
    small = replace(own, image=replace(own.image, max_side=512, quality=70), images_per_request=4)
    routes = usual_routes(small)
    assert list(routes) == [*names, "low-512px-x4"]
    assert {route.image.quality for route in routes.values()} == {70}


def test_each_name_is_read_back_as_its_route(own: Route) -> None:
    written = "high, low-512px-x16,gemini-3.5-flash-lite/medium,low-s4,high-300px-s9-x18,low"
    routes = read_routes(written, own)
    assert list(routes) == [*(name.strip() for name in written.split(","))]
    packed = routes["low-512px-x16"]
    assert (packed.image.max_side, packed.images_per_request) == (512, 16)
    sheets = routes["high-300px-s9-x18"]
    assert (sheets.images_per_sheet, sheets.images_per_request) == (9, 18)
    assert (routes["low-s4"].images_per_request, routes["low-s4"].image.max_side) == (4, 425)
    assert routes["gemini-3.5-flash-lite/medium"].model == "gemini-3.5-flash-lite"
    assert all(route_name(route, own) == name for name, route in routes.items())


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("best", "'best' is not a route: media resolutions are low, medium, high, ultra_high"),
        ("low-x51", "a request takes 1 to 50 images"),
        ("low-s17", r"a contact sheet takes 1 \(none\) to 16 images"),
        ("low-s0", "a contact sheet takes"),
        ("low-s4-x6", "6 images do not fill contact sheets of 4"),
        ("low-9px", "a side has 16 to 8192 px"),
        ("low,", "'' is not a route"),
        ("gemini-nine/low", 'model "gemini-nine" is not known'),
        ("gemini-2.5-flash-lite/ultra_high", 'has no media resolution "ultra_high"'),
    ],
)
def test_bad_routes_are_refused(written: str, said: str, own: Route) -> None:
    with pytest.raises(InputError, match=said):
        read_routes(written, own)


def test_the_dearest_route_is_the_reference(own: Route) -> None:
    routes = read_routes("low-x8,low-s4,high-x8,high-s9,gemini-3.6-flash/low,high,medium", own)
    ordered = list(dearest_first(routes, "Which?", DAY))
    assert ordered == [
        *("high", "high-x8", "gemini-3.6-flash/low", "medium", "low", "low-x8", "high-s9", "low-s4")
    ]


def test_a_model_without_a_resolution_is_not_asked_for_it(own: Route) -> None:
    routes = usual_routes(replace(own, model="gemini-2.5-flash-lite"))
    assert all(
        route.media_resolution is not MediaResolution.ULTRA_HIGH for route in routes.values()
    )


def test_what_has_to_be_made_smaller_is_no_longer_sent_by_reference(own: Route) -> None:
    unopened = replace(own, image=replace(own.image, by_reference=True))
    routes = {**usual_routes(unopened), **read_routes("low-512px,high-x4", unopened)}
    by_reference = {name for name, route in routes.items() if route.image.by_reference}
    assert by_reference == {"high", "medium", "low", "high-x8", "medium-x8", "low-x8", "high-x4"}
    older = replace(unopened, model="gemini-2.5-flash", media_resolution=MediaResolution.LOW)
    routes = {**usual_routes(older)}
    # Vertex AI bills this model's pictures by their pixels at high, which nobody would know.
    assert [routes[name].image.by_reference for name in ("high", "medium", "low")] == [
        *(False, True, True)
    ]


def test_a_tree_is_tried_in_two_questions_where_that_takes_fewer_tokens(own: Route) -> None:
    # A second look costs 266 tokens at low and 1,072 at high: the labels save 500.
    tree = TreeTokens(one=700, two=200)
    routes = usual_routes(own, tree)
    assert [name for name, route in routes.items() if route.top_down] == ["low-top_down"]
    assert all(route_name(route, own) == name for name, route in routes.items())
    assert set(routes) - {"low-top_down"} == set(usual_routes(own))
    costs = expected_costs(routes, "Which?", DAY, tree=tree)
    assert costs["medium"] > costs["low"] > costs["low-top_down"] > costs["low-s4"]
    # What the tasks file asks in two questions is tried in one, too.
    down = replace(own, top_down=True)
    assert list(usual_routes(down, TreeTokens(100, 90)))[-1] == "low-top_down"
    assert "low" in usual_routes(down, TreeTokens(100, 90))
    assert read_routes("low-x8-top_down,low", own)["low-x8-top_down"].top_down
    assert not read_routes("low", down)["low"].top_down
