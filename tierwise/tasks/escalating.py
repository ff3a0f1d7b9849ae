"""`escalate:` of a task, checked; and the two tasks that such a one becomes when it is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.labels import OneLabel
from tierwise.errors import InputError, TasksError
from tierwise.profiles import PROFILES
from tierwise.records import Route
from tierwise.sizes import sized_for
from tierwise.tasks.condition_checks import load_condition
from tierwise.tasks.conditions import Comparison, Condition
from tierwise.tasks.escalation import Escalation, first_name
from tierwise.tasks.keys import EscalateKeys, TaskKeys
from tierwise.tasks.routes import (
    check_model,
    check_reference,
    check_resolution,
    check_sheet,
    check_tier,
)
from tierwise.tasks.task import Task
from tierwise.tasks.yaml_text import Document
from tierwise.taxonomy.cut import above_cut


def escalation_of(
    document: Document, name: str, keys: TaskKeys, own: Route, answers: Mapping[str, AnswerType]
) -> Escalation | None:
    """When a task is asked again, and how; None when it never is. Raises `TasksError`."""
    written = keys.escalate
    if written is None:
        return None
    place: tuple[str, ...] = ("tasks", name, "escalate")
    try:
        if keys.input == "text":
            raise TasksError("it has no effect with `input: text`. Remove it.")
        place = (*place[:3], "when")
        condition = load_condition(written.when, answers)
        place = (*place[:3], "model")
        model = written.model or own.model
        check_model(model)
        place = (*place[:3], "media_resolution")
        check_resolution(model, written.media_resolution or own.media_resolution)
        place = place[:3]
        route = _route(written, own)
        check_sheet(route)
        check_reference(route)
        check_tier(route.model, route.service_tier)
        if route == own:
            raise TasksError(
                "it asks again by the same route. Write another media_resolution, model, image "
                "or images_per_request."
            )
    except InputError as error:
        raise document.error(place, str(error)) from error
    return Escalation(condition, route)


def stages(task: Task) -> Iterator[Task]:
    """The task itself, or its first and its second ask."""
    if task.cut:
        yield from _steps(task)
        return
    if task.escalation is None:
        yield task
        return
    first = first_name(task.name)
    yield replace(task, name=first, first_of=task.name, escalation=None)
    image = replace(task.escalation.route.image, frames=task.route.image.frames)
    second = task.escalation.route
    named = second.media_resolution is not task.route.media_resolution
    others = (name for name in task.needs if name not in task.depends_on)
    yield replace(
        task,
        route=replace(second, image=image, service_tier=task.route.service_tier),
        routing=task.routing.at_named if named else task.routing,
        when=task.escalation.when,
        escalation=None,
        after_first=first,
        depends_on=(first, *task.depends_on, *others),
    )


def _steps(task: Task) -> Iterator[Task]:
    """The two questions about a tree: down to its cut, and below what was answered.

    The second shares its requests with no other task: others are not asked about branches.
    """
    answer = task.answer
    if not isinstance(answer, OneLabel) or answer.taxonomy is None:
        raise TypeError(f"{task.name}: {answer} is no tree")
    first, above = first_name(task.name), above_cut(answer.taxonomy, task.cut)
    yield replace(
        task, name=first, first_of=task.name, answer=OneLabel(above.options, above), cut=()
    )
    goes_on = Comparison((task.name,), "in", task.cut, 1)
    yield replace(
        task,
        when=Condition(f"{task.name} in ...", goes_on, (task.name,)),
        after_first=first,
        together=(),
        depends_on=(first, *task.depends_on),
    )


def _route(keys: EscalateKeys, own: Route) -> Route:
    """What is left out is as in the task; but the size follows from how an image is seen."""
    model = keys.model or own.model
    resolution = keys.media_resolution or own.media_resolution
    sheet = keys.images_per_sheet or own.images_per_sheet
    alike = (model, resolution, sheet) == (own.model, own.media_resolution, own.images_per_sheet)
    usual = own.image if alike else sized_for(own.image, model, resolution, sheet)
    side, quality = PROFILES.get(keys.image.profile or "", (0, own.image.quality))
    image = replace(usual, quality=keys.image.quality or quality)
    if keys.image.max_side or side:
        image = replace(image, max_side=keys.image.max_side or side, tokens=0)
        # A calibration writes the usual size so, where the first ask has a size of its own.
        seen = sized_for(image, model, resolution, sheet)
        image = seen if seen.max_side == image.max_side else image
    filled = own.images_per_request == own.images_per_sheet
    return replace(
        own,
        model=model,
        media_resolution=resolution,
        image=image,
        images_per_request=keys.images_per_request or (sheet if filled else own.images_per_request),
        images_per_sheet=sheet,
    )
