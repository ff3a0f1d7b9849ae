"""The pictures that a task may send, as far as a survey saw them."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import accumulate
from statistics import fmean

from tierwise.contact_sheets import layout_of
from tierwise.forecast.survey import SeenFile, SeenImage, Standing
from tierwise.records import Page, Route
from tierwise.sizes import sent_size
from tierwise.tasks import Task

# An image whose header tells no size is taken as a photograph.
_USUAL_SIZE = (4000, 3000)

# So many images stand for those of the sample where each of these has a weight of its own.
_TYPICAL = 400
_SEED = 20261123

# Tokens of a picture of so many px.
TokensRule = Callable[[int, int], int]
TokensOf = Callable[[Sequence[SeenImage]], float]
RouteRule = Callable[[Route, int, int], int]


def images_of(task: Task, file: SeenFile) -> list[SeenImage]:
    """The images of a file that a task may be asked of."""
    wanted = (Standing.ASKED, Standing.OPEN)
    return [image for image in file.images if image.standings[task.name] in wanted]


def typical(images: Sequence[SeenImage], weights: Sequence[float]) -> list[SeenImage]:
    """Some hundred of the images, each about as often as its weight says, in random order."""
    total = sum(weights)
    count = len(images) if len(set(weights)) == 1 else _TYPICAL
    if not total:
        return []
    ends = list(accumulate(weights))
    places = [bisect(ends, (number + 0.5) * total / count) for number in range(count)]
    found = [images[min(place, len(images) - 1)] for place in places]
    random.Random(_SEED).shuffle(found)  # noqa: S311 - no secret depends on it
    return found


def tokens_of(
    task: Task, mixed: Sequence[SeenImage], rule: RouteRule, *, detail: float
) -> TokensOf:
    """A function that gives the tokens of some images' pictures, each by the route that it takes.

    Nothing for a task that reads text. An image that shares a sheet counts as all of an average
    sheet, for which `mixed` stand. `detail` is taken for the fine detail of images of which nobody
    knows it.
    """
    if task.reads == "text":
        return lambda _: 0.0
    if task.route.images_per_sheet > 1:
        sheet = fmean(_sheets(task, mixed, partial(rule, task.route))) if mixed else 0.0
        return lambda images: sheet * len(images)

    @cache
    def of_page(page: Page) -> int:
        route = task.decide(page).route
        return rule(route, *sent_size(route.image, *_size(page)))

    return lambda images: sum(
        of_page(page if page.detail is not None else replace(page, detail=detail))
        for page in (image.page for image in images)
    )


def original_tokens_of(task: Task, rule: RouteRule) -> TokensOf:
    """The same of pictures as they are in the archive."""
    if task.reads == "text":
        return lambda _: 0.0
    of_size = cache(partial(rule, task.route))
    return lambda images: sum(of_size(*_size(image.page)) for image in images)


def _sheets(task: Task, images: Sequence[SeenImage], rule: TokensRule) -> list[int]:
    """A rule applied to contact sheets of images that follow each other."""
    most = task.route.images_per_sheet
    sizes = [sent_size(task.route.image, *_size(image.page)) for image in images]
    starts = range(0, len(sizes), most)
    return [rule(*layout_of(sizes[start : start + most]).size) for start in starts]


def _size(page: Page) -> tuple[int, int]:
    return (page.width, page.height) if page.width and page.height else _USUAL_SIZE
