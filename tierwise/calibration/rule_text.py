"""A chosen cascade as the lines of a tasks file."""

from __future__ import annotations

import json

from tierwise.calibration.composed import Escalated
from tierwise.contact_sheets import side_on_sheet
from tierwise.records import Route
from tierwise.tiers import pixels_worth_sending


def escalate_lines(route: Route, escalated: Escalated) -> list[str]:
    """The keys of a task that is asked at `route`, and again as `escalated` says.

    They mean the same whatever the tasks file says of all tasks, but for quality and the like.
    """
    own = [f"{key}: {value}" for key, value in _keys(route).items()]
    again = _keys(escalated.route)
    different = {key: value for key, value in again.items() if value != _keys(route).get(key)}
    # What is left out is as in the task, a size only where nothing else is different.
    if "image" not in again and _keys(route).keys() & {"image"} and different.keys() <= _PACKING:
        different["image"] = _size(escalated.route)
    when = f"when: {json.dumps(escalated.when, ensure_ascii=False)}"
    written = ", ".join([when, *(f"{key}: {value}" for key, value in different.items())])
    return [*own, f"escalate: {{{written}}}"]


_PACKING = {"images_per_request"}


def _keys(route: Route) -> dict[str, str]:
    keys = {"model": route.model, "media_resolution": str(route.media_resolution)}
    keys["images_per_request"] = str(route.images_per_request)
    keys["images_per_sheet"] = str(route.images_per_sheet)
    seen = pixels_worth_sending(route.model, route.media_resolution)
    if route.image.max_side != side_on_sheet(seen, route.images_per_sheet):
        keys["image"] = _size(route)
    return keys


def _size(route: Route) -> str:
    return f"{{max_side: {route.image.max_side}}}"
