"""`escalate:` of a task, checked."""

from __future__ import annotations

from collections.abc import Mapping

from tierwise.answers.answer_type import AnswerType
from tierwise.errors import TasksError
from tierwise.records import Route
from tierwise.tasks.condition_checks import load_condition
from tierwise.tasks.escalation import Escalation
from tierwise.tasks.keys import EscalateKeys, TaskKeys
from tierwise.tasks.routes import (
    check_model,
    check_reference,
    check_resolution,
    check_sheet,
    check_tier,
    route_beside,
)
from tierwise.tasks.yaml_text import Document


def escalation_of(
    document: Document, name: str, keys: TaskKeys, own: Route, answers: Mapping[str, AnswerType]
) -> Escalation | None:
    """When a task is asked again, and how; None when it never is. Raises `TasksError`."""
    written = keys.escalate
    if written is None:
        return None
    place = ("tasks", name, "escalate")
    if keys.input == "text":
        raise document.error(place, "it has no effect with `input: text`. Remove it.")
    with document.at(*place, "when"):
        condition = load_condition(written.when, answers)
    model = written.model or own.model
    with document.at(*place, "model"):
        check_model(model)
    with document.at(*place, "media_resolution"):
        check_resolution(model, written.media_resolution or own.media_resolution)
    with document.at(*place):
        route = _route(written, own)
        check_sheet(route)
        check_reference(route)
        check_tier(route.model, route.service_tier)
        if route == own:
            raise TasksError(
                "it asks again by the same route. Write another media_resolution, model, image "
                "or images_per_request."
            )
    return Escalation(condition, route)


def _route(keys: EscalateKeys, own: Route) -> Route:
    """What is left out is as in the task; but the size follows from how an image is seen."""
    sheet = keys.images_per_sheet or own.images_per_sheet
    filled = own.images_per_request == own.images_per_sheet
    pack = keys.images_per_request or (sheet if filled else own.images_per_request)
    return route_beside(own, keys.model, keys.media_resolution, keys.image, pack=pack, sheet=sheet)
