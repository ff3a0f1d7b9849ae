"""`on_refusal:` of a task, the route for pictures that Gemini declined at its own, checked."""

from __future__ import annotations

from tierwise.errors import TasksError
from tierwise.records import Route
from tierwise.tasks.keys import TaskKeys
from tierwise.tasks.routes import (
    check_model,
    check_reference,
    check_resolution,
    check_tier,
    route_beside,
)
from tierwise.tasks.yaml_text import Document


def refusal_route_of(document: Document, name: str, keys: TaskKeys, own: Route) -> Route | None:
    """Where a task is asked what Gemini declined; None for nowhere. Raises `TasksError`."""
    written = keys.on_refusal
    if written is None:
        return None
    place = ("tasks", name, "on_refusal")
    if keys.per:
        raise document.error(
            place, "a refusal of a group is that of all its images. Remove it, or `per`."
        )
    for key in ("media_resolution", "image"):
        if keys.input == "text" and key in written.model_fields_set:
            raise document.error((*place, key), "it has no effect with `input: text`. Remove it.")
    model = written.model or own.model
    resolution = written.media_resolution or own.media_resolution
    with document.at(*place, "model"):
        check_model(model)
    with document.at(*place, "media_resolution"):
        check_resolution(model, resolution)
    with document.at(*place):
        alone = own.images_per_request == own.images_per_sheet == 1
        route = route_beside(own, model, resolution, written.image, pack=1, sheet=1)
        if alone and route == own:
            raise TasksError(
                "it asks again by the same route. Write another model, media_resolution or image."
            )
        check_reference(route)
        check_tier(route.model, route.service_tier)
    return route
