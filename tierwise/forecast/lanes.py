"""The lanes that a picture can be drawn on: every living model, size and service tier, by price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from tierwise.drawing_models import (
    IMAGE_SIZES,
    drawing_models,
    most_references,
    ratios_of,
    sizes_in_vertex_batch,
    successors_of,
)
from tierwise.errors import ModelError, PriceError
from tierwise.forecast.rates import Rates
from tierwise.models import Model, check_alive, find_model
from tierwise.prices.drawn_pictures import alive_and_drawing
from tierwise.prices.prices import cost_nano_usd
from tierwise.records import ServiceTier, Usage
from tierwise.shown import counted
from tierwise.tasks import Task
from tierwise.tiers import image_tokens, text_tokens

# What a picture is drawn by, of a usual shape.
_USUAL_PICTURE = (4000, 3000)
_TIERS = (ServiceTier.STANDARD, ServiceTier.BATCH)
# A run over a large archive takes days, and two months leave time to look at another model.
_SOON_DAYS = 60


@dataclass(frozen=True, slots=True)
class Lane:
    """One way to draw the pictures of a task at one size.

    `each` is nano-dollars of one picture with its prompt and what it is drawn by. `cannot` is what
    the model does not do that others do; `ends` tells of its end, where one is announced, and
    `ends_soon` that it comes within 60 days. `as_asked` marks the task's own.
    """

    task: str
    size: str
    model: str
    tier: ServiceTier
    each: int
    cannot: tuple[str, ...]
    ends: str
    ends_soon: bool
    as_asked: bool


@dataclass(frozen=True, slots=True)
class Over:
    """A lane that has ended, and what draws in its place."""

    model: str
    since: date
    then: tuple[str, ...]


def lanes(tasks: Sequence[Task], rates: Rates) -> list[Lane]:
    """Those of every task that draws, size by size, the cheapest first."""
    found = [lane for task in tasks if task.answer.draws() for lane in _of_task(task, rates)]
    order = {size: place for place, size in enumerate(IMAGE_SIZES)}
    return sorted(found, key=lambda one: (one.task, order[one.size], one.each, one.model, one.tier))


def over(rates: Rates) -> list[Over]:
    """The models that drew, and are shut down on that day."""
    found = []
    there = set(alive_and_drawing(rates.on, vertex=rates.vertex))
    for name in drawing_models():
        ended = find_model(name, vertex=rates.vertex).shutdown
        if name not in there and ended:
            then = tuple(one for one in successors_of(name) if one in there)
            found.append(Over(name, ended, then))
    return sorted(found, key=lambda one: one.since)


def _of_task(task: Task, rates: Rates) -> Iterator[Lane]:
    for name in alive_and_drawing(rates.on, vertex=rates.vertex):
        model = find_model(name, vertex=rates.vertex)
        if not _can(task, name):
            continue
        ends, soon = _ends(model, rates.on)
        for size in drawing_models()[name]:
            for tier in _TIERS:
                in_jobs = rates.vertex and tier is ServiceTier.BATCH
                if in_jobs and size not in sizes_in_vertex_batch(name):
                    continue
                try:
                    each = _each(task, name, size, tier, rates)
                except PriceError:
                    continue
                own = (task.route.model, task.route.service_tier, task.answer.drawn_size())
                yield Lane(
                    task=task.name,
                    size=size,
                    model=name,
                    tier=tier,
                    each=each,
                    cannot=tuple(_cannot(model, rates)),
                    ends=ends,
                    ends_soon=soon,
                    as_asked=own == (name, tier, size),
                )


def _can(task: Task, model: str) -> bool:
    """Whether a model draws the shape, by as many pictures."""
    try:
        shapes = ratios_of(model)
    except ModelError:
        return False
    shape = task.answer.drawn_shape()
    fits = not shape or shape in shapes
    return fits and (task.per is None or task.per.most <= most_references(model))


def _each(task: Task, model: str, size: str, tier: ServiceTier, rates: Rates) -> int:
    seen = task.route.media_resolution
    pictures = task.per.most if task.per else int(task.reads == "image")
    shown = pictures * image_tokens(model, seen, *_USUAL_PICTURE, vertex=rates.vertex)
    drawn = drawing_models()[model][size]
    usage = Usage(
        input_tokens=text_tokens(task.prompt) + shown,
        image_tokens=shown,
        output_tokens=drawn,
        drawn_tokens=drawn,
    )
    return cost_nano_usd(usage, rates.price(model, tier))


def _cannot(model: Model, rates: Rates) -> Iterator[str]:
    sizes = drawing_models()[model.name]
    if lacking := [size for size in IMAGE_SIZES if size not in sizes]:
        yield f"no {', '.join(lacking)}"
    if rates.vertex and (in_jobs := sizes_in_vertex_batch(model.name)) != tuple(sizes):
        yield f"in batch {', '.join(in_jobs)} alone"
    if not model.thinking_levels:
        thinks = model.default_thinking != "off"
        yield "no control of thinking" if thinks else "no thinking"
    if (most := most_references(model.name)) < max(map(most_references, drawing_models())):
        yield f"by at most {counted(most, 'picture')}"


def _ends(model: Model, on: date) -> tuple[str, bool]:
    """What is known of a model's end, and whether it comes soon."""
    if model.shutdown is None:
        warning = check_alive(model, on) if model.may_end_from else None
        return (f"may end from {model.may_end_from}", True) if warning else ("", False)
    days = (model.shutdown - on).days
    soon = days <= _SOON_DAYS
    told = f"ends {model.shutdown}" + (f", in {counted(days, 'day')}" if soon else "")
    return told, soon
