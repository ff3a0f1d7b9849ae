"""What tasks that may be answered locally ask of an image, by what its content is for.

Of a content that nobody has read only the chances are known: then its image counts for each part
with that part's share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tierwise.forecast.survey import SeenImage
from tierwise.local.roles import Role
from tierwise.tasks import Task

# By role, the part of its images that is asked.
Parts = Mapping[Role, float]
ALL_ASKED: Parts = dict.fromkeys(Role, 1.0)


def by_role(
    tasks: tuple[Task, ...], image: SeenImage, parts: Parts
) -> Iterator[tuple[tuple[Task, ...], float]]:
    """Tasks that share a request for an image as they are asked, each way with its weight."""
    roles = tasks[0].roles
    if roles is None or tasks[0].local is None or tasks[0].audit:
        yield tasks, 1.0
        return
    known = roles.role_of(image.content_hash) if image.content_hash else None
    weights = {
        role: parts[role] * (roles.share(role) if known is None else float(role is known))
        for role in Role
    }
    for role, weight in weights.items():
        if weight:
            yield tuple(_asked_as(task, role) for task in tasks), weight


def _asked_as(task: Task, role: Role) -> Task:
    route = task.route_of(role)
    return task if route == task.route else replace(task, route=route)
