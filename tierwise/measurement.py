"""Tokens and dollars as billed, beside the documented rule, with one thing varied at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from statistics import median

from tierwise.accounts.tables import usd
from tierwise.calibration.routes import route_name
from tierwise.contact_sheets import layout_of
from tierwise.models import find_model
from tierwise.records import Route
from tierwise.sizes import sized_for
from tierwise.tasks.routes import check_model, check_tier, on_sheets
from tierwise.tiers import image_tokens

_SIDES = (256, 512, 1024, 2048)
_PACKS = (2, 4, 8)
_SHEETS = (4,)


@dataclass(frozen=True, slots=True)
class Variation:
    """A route, and what sets it apart from the task's own."""

    varied: str
    route: Route


@dataclass(frozen=True, slots=True)
class Measured:
    """One image at one route: the px that were sent, and its share of tokens and nano-dollars.

    Images of one request have the same `asked_at`.
    """

    uri: str
    page: int
    sent_width: int
    sent_height: int
    images_in_request: int
    image_tokens: int
    text_tokens: int
    output_tokens: int
    thought_tokens: int
    cost: int
    latency_ms: int
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MeasuredRoute:
    """One route in figures, per image; tokens are means but for the three of pictures.

    `rule_tokens_median` is the median of what the documented rule says of the same images, shared
    evenly in a request with several, as billed tokens are. `unlike_rule` is how many were billed
    otherwise by more than a token: a share can be off by its rounding.
    """

    varied: str
    name: str
    images: int
    unanswered: int
    image_tokens_least: int
    image_tokens_median: float
    image_tokens_most: int
    rule_tokens_median: float
    unlike_rule: int
    text_tokens: float
    output_tokens: float
    thought_tokens: float
    usd_per_1000_images: Decimal
    latency_ms: float


@dataclass(frozen=True, slots=True)
class MeasuredLook:
    """Several questions about the same images, in one way: means per image, of all its answers."""

    way: str
    images: int
    image_tokens: float
    text_tokens: float
    output_tokens: float
    thought_tokens: float
    usd_per_1000_images: Decimal


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An image that has no answer at some routes, for one reason."""

    uri: str
    page: int
    reason: str
    routes: tuple[str, ...]


def without_answer(by_route: Mapping[str, Mapping[tuple[str, int], str]]) -> list[Unanswered]:
    """The images without an answer, those at most routes first.

    Args:
        by_route: by route, name and page of each such image, and the reason.
    """
    found: dict[tuple[str, int, str], list[str]] = {}
    for route, images in by_route.items():
        for (uri, page), reason in images.items():
            found.setdefault((uri, page, reason), []).append(route)
    listed = [Unanswered(*image, tuple(routes)) for image, routes in found.items()]
    return sorted(listed, key=lambda one: (-len(one.routes), one.uri, one.page))


def measured_looks(ways: Mapping[str, Sequence[Sequence[Measured]]]) -> list[MeasuredLook]:
    """Each way in figures, over the images with every answer in every way; none without any.

    Args:
        ways: by name, for each question the images that it was asked about.
    """
    found = {
        way: [{(one.uri, one.page): one for one in images} for images in questions]
        for way, questions in ways.items()
    }
    asked = [set(images) for questions in found.values() for images in questions]
    everywhere = sorted(set.intersection(*asked)) if asked else []

    def figures(way: str) -> MeasuredLook:
        some = [images[key] for images in found[way] for key in everywhere]
        images = len(everywhere)
        cost = usd(sum(one.cost for one in some))
        return MeasuredLook(
            way=way,
            images=images,
            image_tokens=sum(one.image_tokens for one in some) / images,
            text_tokens=sum(one.text_tokens for one in some) / images,
            output_tokens=sum(one.output_tokens for one in some) / images,
            thought_tokens=sum(one.thought_tokens for one in some) / images,
            usd_per_1000_images=round(cost * 1000 / images, 9),
        )

    return [figures(way) for way in found] if everywhere else []


def variations(own: Route, models: Sequence[str]) -> dict[str, Variation]:
    """What is measured, by name: the task's route with one image per request, then variations.

    In a request with several images a picture's own tokens cannot be told. All are sent as bytes.

    Raises:
        ModelError: a model is unknown, or lacks the tier.
    """
    alone = _alone(own)
    own = replace(own, image=replace(own.image, by_reference=False))
    found = [Variation("nothing", alone)]
    for resolution in find_model(own.model).media_resolutions:
        image = sized_for(own.image, own.model, resolution)
        route = replace(alone, media_resolution=resolution, image=image)
        found.append(Variation("media resolution", route))
    for side in _SIDES:
        image = replace(own.image, max_side=side, tokens=0)
        found.append(Variation("image size", replace(alone, image=image)))
    for images in sorted({*_PACKS, own.images_per_request}):
        route = replace(alone, images_per_request=images)
        found.append(Variation("images per request", route))
    for images in sorted({*_SHEETS, own.images_per_sheet} - {1}):
        found.append(Variation("images per sheet", on_sheets(alone, images)))
    for model in models:
        check_model(model)
        check_tier(model, own.service_tier)
        found.append(Variation("model", replace(alone, model=model)))
    named: dict[str, Variation] = {}
    for one in found:
        named.setdefault(route_name(one.route, own), one)
    return named


def _alone(own: Route) -> Route:
    """One image per request, by itself, as large as it is seen there."""
    image = replace(own.image, by_reference=False)
    if own.images_per_sheet > 1:
        image = sized_for(image, own.model, own.media_resolution)
    return replace(own, image=image, images_per_request=1, images_per_sheet=1)


def measured_route(
    name: str, variation: Variation, images: Sequence[Measured], unanswered: int, *, vertex: bool
) -> MeasuredRoute | None:
    """The figures of a route; None when no image was answered."""
    if not images:
        return None
    route = variation.route
    rules = {
        (one.uri, one.page): tokens
        for together in _by_request(images)
        for one, tokens in _by_rule(route, together, vertex=vertex)
    }
    tokens = [one.image_tokens for one in images]
    count = len(images)
    return MeasuredRoute(
        varied=variation.varied,
        name=name,
        images=count,
        unanswered=unanswered,
        image_tokens_least=min(tokens),
        image_tokens_median=median(tokens),
        image_tokens_most=max(tokens),
        rule_tokens_median=median(rules.values()),
        unlike_rule=_unlike(images, rules),
        text_tokens=sum(one.text_tokens for one in images) / count,
        output_tokens=sum(one.output_tokens for one in images) / count,
        thought_tokens=sum(one.thought_tokens for one in images) / count,
        usd_per_1000_images=round(usd(sum(one.cost for one in images)) * 1000 / count, 9),
        latency_ms=median(one.latency_ms for one in images),
    )


def _by_request(images: Sequence[Measured]) -> Iterable[Sequence[Measured]]:
    """Images that share a request, a contact sheet's among them."""
    together: dict[object, list[Measured]] = {}
    for one in images:
        alone = (one.uri, one.page)
        together.setdefault(one.asked_at if one.images_in_request > 1 else alone, []).append(one)
    return together.values()


def _by_rule(
    route: Route, together: Sequence[Measured], *, vertex: bool
) -> Iterator[tuple[Measured, float]]:
    """Each image's even share of what the pictures of a request cost by the documented rule."""

    def tokens(width: int, height: int) -> int:
        return image_tokens(route.model, route.media_resolution, width, height, vertex=vertex)

    sizes = [(one.sent_width, one.sent_height) for one in together]
    if route.images_per_sheet > 1:
        images = together[0].images_in_request
        # A neighbour that was not answered was no larger than the others, as far as anybody knows.
        filled = [*sizes, *[sizes[0]] * (images - len(sizes))]
        share = tokens(*(layout_of(filled).size if images > 1 else sizes[0])) / images
    else:
        share = sum(tokens(*size) for size in sizes) / len(sizes)
    for one in together:
        yield one, share


def _unlike(images: Sequence[Measured], rules: Mapping[tuple[str, int], float]) -> int:
    """Images billed unlike the rule; of packs, whose shares are even, all or none by their sum."""
    if any(one.images_in_request > 1 for one in images):
        billed = sum(one.image_tokens for one in images)
        return len(images) * (abs(billed - sum(rules.values())) > len(images))
    return sum(abs(one.image_tokens - rules[one.uri, one.page]) > 1 for one in images)
