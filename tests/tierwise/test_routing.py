"""Which route one picture takes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.models import all_models
from tierwise.records import AS_TASK, ImageSettings, MediaResolution, Page, Route
from tierwise.routing import (
    AS_CALIBRATED,
    AS_IT_IS,
    Routing,
    adapts,
    at_resolution,
    dearest,
    decide,
    knows_enough,
)
from tierwise.tiers import image_tokens, pixels_worth_sending, worth_sending

LOW, MEDIUM, HIGH = MediaResolution.LOW, MediaResolution.MEDIUM, MediaResolution.HIGH
LADDER = list(MediaResolution)
TEXT = Routing(detail_above=0.2)

MODELS = [model for model in all_models() if not model.image_output]


def route_at(resolution: MediaResolution, side: int | None = None) -> Route:
    model = "gemini-3.1-flash-lite"
    return Route(model, resolution, ImageSettings(side or pixels_worth_sending(model, resolution)))


def photo(width: int, height: int, detail: float | None = None, kind: str = "jpeg") -> Page:
    return Page(width=width, height=height, format=kind, detail=detail)


@st.composite
def routes(draw: st.DrawFn) -> Route:
    model = draw(st.sampled_from(MODELS))
    resolution = draw(st.sampled_from(model.media_resolutions))
    side = draw(st.one_of(st.none(), st.integers(16, 8192)))
    usual = pixels_worth_sending(model.name, resolution)
    return Route(model.name, resolution, ImageSettings(side or usual))


pages = st.builds(
    photo, st.integers(1, 20_000), st.integers(1, 20_000), st.none() | st.floats(0, 1)
)
rules = st.builds(Routing, st.booleans(), st.none() | st.floats(0, 1))


@pytest.mark.parametrize(
    ("own", "page", "routing", "resolution", "reason"),
    [
        (LOW, photo(4000, 3000), TEXT, LOW, AS_TASK),
        (LOW, photo(4000, 3000, 0.2), TEXT, LOW, AS_TASK),
        (LOW, photo(4000, 3000, 0.31), TEXT, HIGH, "fine detail 0.31 above 0.2: high"),
        (LOW, photo(640, 480, 0.31), TEXT, LOW, "640x480 px fit low"),
        (LOW, photo(1000, 750, 0.31), TEXT, MEDIUM, "1000x750 px fit medium"),
        (HIGH, photo(640, 480), Routing(), LOW, "640x480 px fit low"),
        (HIGH, photo(912, 684), Routing(), LOW, "912x684 px fit low"),
        (HIGH, photo(913, 685), Routing(), MEDIUM, "913x685 px fit medium"),
        (HIGH, photo(912, 912), Routing(), MEDIUM, "912x912 px fit medium"),
        (HIGH, photo(1200, 300), Routing(), MEDIUM, "1200x300 px fit medium"),
        (HIGH, photo(640, 480), AS_IT_IS, HIGH, AS_TASK),
        (HIGH, photo(612, 792, kind="pdf"), Routing(), HIGH, AS_TASK),
        (HIGH, Page(), Routing(), HIGH, AS_TASK),
        (HIGH, photo(640, 480), Routing(calibrated=True), LOW, "640x480 px fit low"),
        (LOW, photo(640, 480), Routing(calibrated=True), LOW, AS_CALIBRATED),
    ],
)
def test_the_route_and_why(
    own: MediaResolution, page: Page, routing: Routing, resolution: MediaResolution, reason: str
) -> None:
    found = decide(route_at(own), routing, page)
    assert (found.route.media_resolution, found.reason) == (resolution, reason)
    assert found.route == route_at(resolution)  # the size follows the resolution


def test_a_size_of_ones_own_is_kept_where_that_makes_sense() -> None:
    own = route_at(HIGH, 1000)
    assert decide(own, Routing(), photo(640, 480)).route.image.max_side == 1000
    raised = decide(route_at(LOW, 512), TEXT, photo(4000, 3000, 0.5)).route
    assert (raised.media_resolution, raised.image.max_side) == (HIGH, 1824)


def test_a_lower_resolution_is_no_raise() -> None:
    routing = Routing(detail_above=0.2, detail_resolution=LOW)
    assert decide(route_at(MEDIUM), routing, photo(4000, 3000, 0.5)).route == route_at(MEDIUM)
    assert dearest(route_at(MEDIUM), routing) == route_at(MEDIUM)


@given(routes(), pages)
def test_fewer_pixels_never_raise_tokens_and_lose_no_pixel(route: Route, page: Page) -> None:
    taken = decide(route, Routing(), page).route
    size = page.width, page.height
    assert LADDER.index(taken.media_resolution) <= LADDER.index(route.media_resolution)
    for vertex in (False, True):
        tokens = image_tokens(taken.model, taken.media_resolution, *size, vertex=vertex)
        assert tokens <= image_tokens(route.model, route.media_resolution, *size, vertex=vertex)
    if taken != route:
        assert worth_sending(taken.model, taken.media_resolution, *size) == size
        assert max(size) <= taken.image.max_side or taken.image.max_side == route.image.max_side


@given(routes(), pages, rules)
def test_a_route_that_was_decided_is_decided_so_again(
    route: Route, page: Page, routing: Routing
) -> None:
    taken = decide(route, routing, page).route
    assert decide(taken, routing, page).route.media_resolution is taken.media_resolution
    assert decide(taken, Routing(), page).route == decide(route, routing, page).route or not (
        routing.fit_pixels
    )


@given(routes(), pages, rules, st.integers(1, 4))
def test_more_pixels_and_more_detail_never_mean_less_resolution(
    route: Route, page: Page, routing: Routing, times: int
) -> None:
    def rank(one: Page) -> int:
        return LADDER.index(decide(route, routing, one).route.media_resolution)

    larger = replace(page, width=page.width * times, height=page.height * times)
    assert rank(page) <= rank(larger)
    assert rank(page) <= rank(replace(page, detail=1.0))


@given(routes(), pages, rules)
def test_no_picture_is_asked_dearer_than_the_dearest(
    route: Route, page: Page, routing: Routing
) -> None:
    taken, worst = decide(route, routing, page).route, dearest(route, routing)
    assert LADDER.index(taken.media_resolution) <= LADDER.index(worst.media_resolution)
    assert taken.image.max_side <= max(worst.image.max_side, route.image.max_side)


@given(routes(), pages, rules)
def test_a_route_that_does_not_adapt_is_taken_by_every_picture(
    route: Route, page: Page, routing: Routing
) -> None:
    if not adapts(route, routing):
        assert decide(route, routing, page).route == route


@given(st.sampled_from(LADDER), st.sampled_from(LADDER))
def test_the_usual_size_goes_with_the_resolution_there_and_back(
    one: MediaResolution, other: MediaResolution
) -> None:
    assert at_resolution(route_at(one), other) == route_at(other)


def test_what_must_be_known_of_a_page() -> None:
    opened, unopened = photo(4000, 3000), Page(2, 3)
    low, high = route_at(LOW), route_at(HIGH)
    assert knows_enough(low, Routing(), unopened)  # there is nothing lower
    assert not knows_enough(high, Routing(), unopened)
    assert knows_enough(high, Routing(), opened)
    assert knows_enough(high, AS_IT_IS, unopened)
    assert not knows_enough(low, TEXT, opened)
    assert knows_enough(low, TEXT, replace(opened, detail=0.0))
    assert not knows_enough(low, Routing(fit_pixels=False, measures=True), opened)
