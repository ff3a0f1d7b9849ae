"""The pictures that a task may send, as far as a survey saw them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from statistics import fmean

from tierwise.contact_sheets import layout_of
from tierwise.forecast.survey import SeenImage, Standing, Survey
from tierwise.records import Route
from tierwise.sizes import sent_size
from tierwise.tasks import Task

# An image whose header tells no size is taken as a photograph.
_USUAL_SIZE = (4000, 3000)

# Tokens of a picture of so many px.
TokensRule = Callable[[int, int], int]
RouteRule = Callable[[Route, int, int], int]


def images_of(task: Task, survey: Survey) -> list[SeenImage]:
    """The images of the sample that a task may be asked of."""
    wanted = (Standing.ASKED, Standing.OPEN)
    return [image for image in survey.images if image.standings[task.name] in wanted]


def sent_tokens(task: Task, images: Sequence[SeenImage], rule: TokensRule) -> list[int]:
    """A rule applied to each picture as it is sent; empty for a task that reads text.

    On contact sheets, images that follow each other are a picture together.
    """
    if task.reads == "text":
        return []
    most = task.route.images_per_sheet
    sizes = [sent_size(task.route.image, *_size(image)) for image in images]
    if most == 1:
        return [rule(*size) for size in sizes]
    starts = range(0, len(sizes), most)
    return [rule(*layout_of(sizes[start : start + most]).size) for start in starts]


def routed_tokens(
    task: Task, images: Sequence[SeenImage], rule: RouteRule, *, detail: float
) -> list[int]:
    """As `sent_tokens`, each picture by the route that it takes.

    `detail` is taken for the fine detail of those of which nobody knows it.
    """
    if task.reads == "text" or task.route.images_per_sheet > 1:
        return sent_tokens(task, images, partial(rule, task.route))
    found = []
    for image in images:
        page = image.page if image.detail is not None else replace(image.page, detail=detail)
        route = task.decide(page).route
        found.append(rule(route, *sent_size(route.image, *_size(image))))
    return found


def original_tokens(task: Task, images: Sequence[SeenImage], rule: TokensRule) -> list[int]:
    """A rule applied to each picture as it is in the archive; empty for a task that reads text."""
    return [] if task.reads == "text" else [rule(*_size(image)) for image in images]


def mean(values: Sequence[float]) -> float:
    """The mean, 0 of nothing."""
    return fmean(values) if values else 0.0


def _size(image: SeenImage) -> tuple[int, int]:
    return (image.width, image.height) if image.width and image.height else _USUAL_SIZE
