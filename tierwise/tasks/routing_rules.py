"""The rules that adapt a task's route to each picture, from the keys of a tasks file, checked."""

from __future__ import annotations

from dataclasses import replace

from tierwise.records import MediaResolution, Route
from tierwise.routing import AS_IT_IS, Routing, dearest
from tierwise.tasks.keys import FileKeys, RoutingKeys, TaskKeys
from tierwise.tasks.routes import check_resolution, written_resolution
from tierwise.tasks.yaml_text import Document

_Location = tuple[str, ...]


def routing_of(document: Document, file: FileKeys, name: str, route: Route) -> Routing:
    """The rules of a task that is asked by `route`; raises `TasksError`.

    Tasks that send no picture by itself have none. A media resolution that the file names is what
    is asked, unless it says that fewer pixels may lower it; auto may follow the picture.
    """
    keys, location = file.tasks[name], ("tasks", name, "routing")
    if together := _why_not_alone(keys, route):
        if "routing" in keys.model_fields_set:
            raise document.error(location, f"it has no effect with `{together}`. Remove it.")
        return AS_IT_IS
    merged = file.defaults.routing.model_copy(update=keys.routing.model_dump(exclude_none=True))
    said = merged.fit_pixels
    fits = written_resolution(file, keys) is None if said is None else said
    plain = Routing(fits, fit_written=said)
    if merged.detail_above is None:
        _refuse_lone_resolution(document, file, location)
        return plain
    if merged.detail_above == 1:  # nothing has more
        return plain
    raised = merged.detail_resolution or MediaResolution.HIGH
    routing = replace(plain, detail_above=merged.detail_above, detail_resolution=raised)
    own = keys.routing.detail_above is not None or keys.routing.detail_resolution is not None
    with document.at(*(location if own else ("defaults", "routing")), "detail_resolution"):
        check_resolution(route.model, raised)
    if dearest(route, routing) == route:
        if own:
            raise document.error(
                (*location, "detail_resolution"),
                f"{raised} is not above the task's own media resolution, {route.media_resolution}. "
                "Write a higher one, or remove `detail_above`.",
            )
        return plain
    return routing


def _why_not_alone(keys: TaskKeys, route: Route) -> str:
    if keys.per:
        return "per"
    if keys.input == "text":
        return "input: text"
    if route.image.by_reference:  # nobody knows its pixels
        return "image: {send: reference}"
    return "images_per_sheet" if route.images_per_sheet > 1 else ""


def _refuse_lone_resolution(document: Document, file: FileKeys, location: _Location) -> None:
    for keys, where in _all_keys(file, location):
        if keys.detail_resolution is not None:
            raise document.error(
                (*where, "detail_resolution"),
                "it has no effect without `detail_above`. Write the fine detail, 0 to 1, above "
                "which it holds, or remove it.",
            )


def _all_keys(file: FileKeys, location: _Location) -> list[tuple[RoutingKeys, _Location]]:
    return [
        (file.tasks[location[1]].routing, location),
        (file.defaults.routing, ("defaults", "routing")),
    ]
