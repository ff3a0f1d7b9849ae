"""The same archive asked in other ways: what each would cost, and which change saves most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from tierwise.errors import ModelError, PriceError
from tierwise.forecast.forecast import expectations
from tierwise.forecast.rates import Rates
from tierwise.forecast.scenarios import middle_scenario
from tierwise.forecast.survey import Survey
from tierwise.forecast.workload import Load, workloads
from tierwise.looks import with_looks
from tierwise.models import all_models, check_alive, find_model, forwarded
from tierwise.prices.prices import rows_of
from tierwise.records import MediaResolution, Route, ServiceTier
from tierwise.tasks import Task
from tierwise.tasks.routes import on_sheets
from tierwise.tasks.sharing import NEVER

_PACKS = (1, 2, 4, 8, 16, 32)
_SHEETS = (4, 9, 16)


class Change(StrEnum):
    """What is different from the tasks as they are asked."""

    NONE = "as asked"
    NAIVE = "naive way"
    APART = "asked apart"
    TOGETHER = "asked together"
    NAMED = "replies with names in place of rows of numbers"
    RESOLUTION = "media resolution"
    PACK = "images per request"
    SHEET = "images per sheet"
    TIER = "service tier"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to ask everything; `on` is the day whose prices hold, `load` what it comes to.

    `ends` is the first day without the model, where one is announced.
    """

    change: Change
    to: str
    on: date
    load: Load
    ends: date | None = None


def alternatives(tasks: Sequence[Task], survey: Survey, rates: Rates) -> list[Alternative]:
    """Every way, the cheapest first; a change is made to all tasks at once.

    Left out are ways that a model does not offer, that have no price on their day, and that are the
    one asked.
    """
    asked = _load(tasks, survey, rates)
    found = [
        Alternative(Change.NONE, "", rates.on, asked),
        Alternative(Change.NAIVE, "", rates.on, _naive(asked)),
        *_other_days(tasks, survey, rates),
        *_other_looks(tasks, survey, rates),
        *_other_routes(tasks, survey, rates),
        *_other_models(tasks, survey, rates),
    ]
    return sorted(found, key=lambda way: (way.load.cost, way.change, way.to))


def naive_cost(found: Sequence[Alternative]) -> int:
    """What the naive way costs, in nano-dollars."""
    return next(way.load.cost for way in found if way.change is Change.NAIVE)


def _naive(asked: Load) -> Load:
    return replace(asked, cost=asked.baseline, requests=round(asked.naive_requests))


def _load(tasks: Sequence[Task], survey: Survey, rates: Rates) -> Load:
    scenario = middle_scenario(expectations(tasks, survey))
    work = workloads(list(_different(tasks)), survey, rates)
    return sum((one.load(scenario) for one in work), Load())


def _different(tasks: Sequence[Task]) -> Iterator[Task]:
    """The tasks without second asks by the very route of their first, which ask nothing."""
    routes = {task.name: task.route for task in tasks}
    return (task for task in tasks if routes.get(task.after_first) != task.route)


def _other_days(tasks: Sequence[Task], survey: Survey, rates: Rates) -> Iterator[Alternative]:
    """The tasks as asked, after each announced change of their prices."""
    for day in _days_of_change({task.route.model for task in tasks}, rates):
        if load := _possible(tasks, survey, replace(rates, on=day)):
            yield Alternative(Change.NONE, f"from {day}", day, load)


def _other_looks(tasks: Sequence[Task], survey: Survey, rates: Rates) -> Iterator[Alternative]:
    """Each picture sent for every task, or once for all that can share it, here and one higher."""
    apart = with_looks([replace(task, together=NEVER) for task in tasks])
    together = with_looks([_with_any(task) for task in tasks])
    if not any(task.look for task in together):
        return
    higher = with_looks([_one_higher(task) for task in together])
    levels = {task.route.media_resolution for task in higher if task.look and not task.after_first}
    to = " or ".join(level for level in MediaResolution if level in levels)
    ways = (
        (Change.APART, "", apart),
        (Change.TOGETHER, "", together),
        (Change.TOGETHER, to, higher),
    )
    for change, name, changed in ways:
        if _looked(changed) != _looked(tasks) and (load := _possible(changed, survey, rates)):
            yield Alternative(change, name, rates.on, load)
    if any(task.look for task in tasks):
        named = _load(tasks, survey, replace(rates, by_name=True))
        yield Alternative(Change.NAMED, "", rates.on, named)


def _with_any(task: Task) -> Task:
    looks_by_itself = task.reads == "image" and not (task.per or task.audit or task.answer.draws())
    return replace(task, together=None) if looks_by_itself else task


def _one_higher(task: Task) -> Task:
    """A task that looks with others at the media resolution above its own, where there is one."""
    offered = find_model(task.route.model).media_resolutions
    above = list(MediaResolution)[list(MediaResolution).index(task.route.media_resolution) + 1 :]
    if not task.look or task.after_first or not {*above} & {*offered}:
        return task
    level = next(one for one in above if one in offered)
    return _changed(task, Change.RESOLUTION, {"media_resolution": level})


def _looked(tasks: Sequence[Task]) -> list[tuple[Route, tuple[str, ...]]]:
    """All that sets one way to look at pictures apart from another."""
    return [(task.route, task.look) for task in tasks]


def _other_routes(tasks: Sequence[Task], survey: Survey, rates: Rates) -> Iterator[Alternative]:
    changes = (
        *((Change.RESOLUTION, "media_resolution", level) for level in MediaResolution),
        *((Change.PACK, "images_per_request", pack) for pack in _PACKS),
        *((Change.TIER, "service_tier", tier) for tier in ServiceTier),
    )
    for change, key, value in changes:
        to = str(value)
        changed = [_changed(task, change, {key: value}) for task in tasks]
        if changed != list(tasks) and (load := _possible(changed, survey, rates)):
            yield Alternative(change, to, rates.on, load)
    for images in _SHEETS:
        changed = [_on_sheets(task, images) for task in tasks]
        if changed != list(tasks) and (load := _possible(changed, survey, rates)):
            yield Alternative(Change.SHEET, str(images), rates.on, load)


def _other_models(tasks: Sequence[Task], survey: Survey, rates: Rates) -> Iterator[Alternative]:
    """Each model that is alive and answers itself, today and after announced changes."""
    for model in all_models(vertex=rates.vertex):
        if model.image_output or forwarded(model, rates.on) is not model:
            continue
        changed = [_asked_of(task, model.name) for task in tasks]
        days = [rates.on, *_days_of_change({model.name}, rates)]
        for day in days if changed != list(tasks) else ():
            if load := _possible(changed, survey, replace(rates, on=day)):
                when = "" if day == rates.on else f" from {day}"
                yield Alternative(
                    Change.MODEL, f"{model.name}{when}", day, load, ends=model.shutdown
                )


def _asked_of(task: Task, model: str) -> Task:
    """The task asked of another model; what is drawn has lanes of its own."""
    return task if task.answer.draws() else replace(task, route=replace(task.route, model=model))


def _changed(task: Task, change: Change, values: dict[str, Any]) -> Task:
    """The task by another route; what texts, groups, sheets or pictures cannot have stays."""
    sees = task.reads == "image" and not task.answer.draws()
    packs = sees and not task.per and task.route.images_per_sheet == 1
    fits = {Change.RESOLUTION: sees, Change.PACK: packs}.get(change, True)
    route: Route = replace(task.route, **values) if fits else task.route
    named = change is Change.RESOLUTION and route != task.route
    return replace(task, route=route, routing=task.routing.at_named if named else task.routing)


def _on_sheets(task: Task, images: int) -> Task:
    """The task with one contact sheet per request."""
    if task.reads == "text" or task.per or task.answer.draws():
        return task
    image = replace(task.route.image, by_reference=False)
    return replace(
        task, route=on_sheets(replace(task.route, image=image, images_per_request=1), images)
    )


def _possible(tasks: Sequence[Task], survey: Survey, rates: Rates) -> Load | None:
    """What it comes to, or None when a model does not offer it or has no price on that day."""
    try:
        for task in tasks:
            model = find_model(task.route.model, vertex=rates.vertex)
            check_alive(model, rates.on)
            if task.route.service_tier not in model.service_tiers:
                return None
        return _load(tasks, survey, rates)
    except (ModelError, PriceError):
        return None


def _days_of_change(models: set[str], rates: Rates) -> list[date]:
    rows = (row for name in models for row in rows_of(name, rates.prices, vertex=rates.vertex))
    return sorted({row.valid_from for row in rows if row.valid_from > rates.on})
