"""The routes that a calibration tries: by what names they go, and in which order they are trusted.

A route is written `[MODEL/]RESOLUTION[-SIDEpx][-sIMAGES][-xIMAGES][-plain][-top_down]`: `medium`,
`low-512px`, `low-x8` (eight images in a request), `low-s4` (four on a contact sheet), `low-s4-x8`
(two sheets of four), `gemini-3.5-flash-lite/high`, `low-plain` (without the task's examples),
`low-top_down` (a tree in two questions). What is left out is the task's own model, the side that
the media resolution can use, images that are not on sheets, one image or sheet per request. Behind
it may stand who is asked in the same request (`tierwise.calibration.joint_routes`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from tierwise.contact_sheets import MOST_IMAGES, side_on_sheet
from tierwise.errors import InputError
from tierwise.models import find_model
from tierwise.prices.price_rows import Price
from tierwise.prices.prices import find_price
from tierwise.records import MediaResolution, Route
from tierwise.shown import shown
from tierwise.sizes import sized_for
from tierwise.tasks.routes import (
    check_model,
    check_resolution,
    check_tier,
    may_stay_unopened,
)
from tierwise.tasks.top_down import TreeTokens
from tierwise.tiers import image_tokens, pixels_worth_sending, text_tokens

Routes = Mapping[str, Route]

# A pack that pays the prompt once for eight images, and the resolutions of nearly all models.
_PACKS = (1, 8)
# Sheets that cost less than one picture at the next lower resolution. Four images at `high` cost
# what one at `low` costs, and no more is seen of each.
_SHEETS = ((MediaResolution.MEDIUM, 4), (MediaResolution.LOW, 4))
_RESOLUTIONS = (MediaResolution.HIGH, MediaResolution.MEDIUM, MediaResolution.LOW)
_MOST_IMAGES = 50
_SIDES = (16, 8192)
_WRITTEN = re.compile(
    r"(?:(?P<model>[^/]+)/)?(?P<resolution>[a-z_]+)(?:-(?P<side>\d{1,5})px)?"
    r"(?:-s(?P<sheet>\d{1,3}))?(?:-x(?P<images>\d{1,3}))?(?P<plain>-plain)?(?P<top_down>-top_down)?"
)
# Ends the name of a route that asks about a tree in two questions.
TOP_DOWN = "-top_down"
# The shape of most photographs.
_WIDTH, _HEIGHT = 4000, 3000


def route_name(route: Route, own: Route) -> str:
    """How a route is written for a task whose tasks file says `own`."""
    model = "" if route.model == own.model else f"{route.model}/"
    sheet, images = route.images_per_sheet, route.images_per_request
    usual = side_on_sheet(pixels_worth_sending(route.model, route.media_resolution), sheet)
    side = "" if route.image.max_side == usual else f"-{route.image.max_side}px"
    on_sheet = "" if sheet == 1 else f"-s{sheet}"
    packed = "" if images == sheet else f"-x{images}"
    plain = "-plain" if own.examples and not route.examples else ""
    top_down = TOP_DOWN if route.top_down else ""
    return f"{model}{route.media_resolution}{side}{on_sheet}{packed}{plain}{top_down}"


def usual_routes(own: Route, tree: TreeTokens | None = None) -> Routes:
    """The task's own route, and each media resolution alone, in packs and on contact sheets.

    Of a task with examples, its own route and each media resolution alone without them, too; of a
    tree that may be asked in two questions, each of these alone where that takes fewer tokens.
    """
    wanted, own = own, replace(own, top_down=False)
    offered = find_model(own.model).media_resolutions
    resolutions = [one for one in _RESOLUTIONS if one in offered]
    tried = [_route(own, own.model, one, images=pack) for pack in _PACKS for one in resolutions]
    tried += [
        _route(own, own.model, one, images=sheet, sheet=sheet)
        for one, sheet in _SHEETS
        if one in offered
    ]
    if own.examples:
        alone = [route for route in tried if route.images_per_request == 1]
        tried += [replace(route, examples=0) for route in (*alone, own)]
    if tree:
        alone = [route for route in tried if route.images_per_request == 1]
        shorter = [route for route in (*alone, own) if tree.costs_less(route)]
        tried += [own, *(replace(route, top_down=True) for route in shorter)]
    return {route_name(route, own): route for route in (*tried, wanted)}


def resolutions_of(model: str) -> list[MediaResolution]:
    """The media resolutions of a model that are tried, the cheapest first."""
    offered = find_model(model).media_resolutions
    return [one for one in reversed(_RESOLUTIONS) if one in offered]


def at_usual_size(own: Route, resolution: MediaResolution) -> Route:
    """A task's route at a media resolution, in packs and on sheets as it is."""
    if resolution is own.media_resolution:
        return own
    images, sheet = own.images_per_request, own.images_per_sheet
    return _route(own, own.model, resolution, images=images, sheet=sheet)


def split_routes(written: str) -> tuple[list[str], list[str]]:
    """The routes of a list with commas: those of a task by itself, and those with others.

    >>> split_routes("high, low+together")
    (['high'], ['low+together'])
    """
    words = [one.strip() for one in written.split(",")]
    return [one for one in words if "+" not in one], [one for one in words if "+" in one]


def read_routes(written: str, own: Route) -> Routes:
    """The routes of a list with commas that ask a task by itself, and the task's own.

    Raises:
        InputError: one is malformed, or is not offered by its model.
    """
    routes = [read_route(one, own) for one in split_routes(written)[0]]
    return {route_name(route, own): route for route in (*routes, own)}


def expected_costs(
    routes: Routes,
    prompt: str,
    on: date,
    prices: Sequence[Price] = (),
    *,
    vertex: bool = False,
    tree: TreeTokens | None = None,
) -> dict[str, Decimal]:
    """What a photograph costs at each route by the rules, before anything is measured, in 1e-6 USD.

    `tree` has the labels of one that may be asked in two questions, in which order matters.
    Raises `PriceError` where a model has no price.
    """

    def cost(route: Route) -> Decimal:
        price = find_price(route.model, route.service_tier, on, vertex=vertex, prices=prices)
        sheet = image_tokens(route.model, route.media_resolution, _WIDTH, _HEIGHT)
        picture = Decimal(sheet) / route.images_per_sheet
        looks = 2 if route.top_down else 1
        said = looks * text_tokens(prompt) + (tree.words(route) if tree else 0)
        words = Decimal(said) / route.images_per_request
        shown = Decimal(sheet * route.examples) / route.images_per_request
        return (looks * picture + shown + words) * price.input_usd_per_mtok

    return {name: cost(route) for name, route in routes.items()}


def dearest_first(
    routes: Routes,
    prompt: str,
    on: date,
    prices: Sequence[Price] = (),
    *,
    vertex: bool = False,
    tree: TreeTokens | None = None,
) -> dict[str, Route]:
    """The routes by what a photograph costs there (`expected_costs`); the first is the reference.

    Raises `PriceError` where a model has no price.
    """
    costs = expected_costs(routes, prompt, on, prices, vertex=vertex, tree=tree)
    return {name: routes[name] for name in sorted(routes, key=lambda name: -costs[name])}


def read_route(written: str, own: Route) -> Route:
    """One route; raises InputError as `read_routes` does."""
    found = _WRITTEN.fullmatch(written)
    if not found or found["resolution"] not in list(MediaResolution):
        raise _malformed(written, f"media resolutions are {', '.join(MediaResolution)}")
    sheet, side = int(found["sheet"] or 1), int(found["side"]) if found["side"] else None
    images = int(found["images"] or sheet)
    if not 1 <= sheet <= MOST_IMAGES:
        raise _malformed(written, f"a contact sheet takes 1 (none) to {MOST_IMAGES} images")
    if not 1 <= images <= _MOST_IMAGES:
        raise _malformed(written, f"a request takes 1 to {_MOST_IMAGES} images")
    if images % sheet:
        raise _malformed(written, f"{images} images do not fill contact sheets of {sheet}")
    if side is not None and not _SIDES[0] <= side <= _SIDES[1]:
        raise _malformed(written, f"a side has {_SIDES[0]} to {_SIDES[1]} px")
    resolution = MediaResolution(found["resolution"])
    model = found["model"] or own.model
    check_model(model)
    check_resolution(model, resolution)
    check_tier(model, own.service_tier)
    if found["plain"] and not own.examples:
        raise _malformed(written, "-plain is without examples, and this task has none")
    route = _route(own, model, resolution, side=side, images=images, sheet=sheet)
    route = replace(route, top_down=bool(found["top_down"]))
    return replace(route, examples=0) if found["plain"] else route


def _route(
    own: Route,
    model: str,
    resolution: MediaResolution,
    *,
    side: int | None = None,
    images: int = 1,
    sheet: int = 1,
) -> Route:
    image = sized_for(own.image, model, resolution, sheet)
    route = replace(
        own,
        model=model,
        media_resolution=resolution,
        image=replace(image, max_side=side, tokens=0) if side else image,
        images_per_request=images,
        images_per_sheet=sheet,
    )
    unopened = own.image.by_reference and may_stay_unopened(route)
    return replace(route, image=replace(route.image, by_reference=unopened))


def _malformed(written: str, why: str) -> InputError:
    return InputError(
        f"--routes: {shown(written)} is not a route: {why}. Write [MODEL/]RESOLUTION[-SIDEpx]"
        "[-sIMAGES][-xIMAGES][-plain][-top_down][+together], as in low, medium-x8, low-s4, "
        "low-512px or low+together."
    )
