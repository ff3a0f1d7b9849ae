"""What a task at a route is called while routes are tried."""

from __future__ import annotations

from tierwise.calibration.routes import Routes, route_name
from tierwise.tasks import Task


def trial_name(task: str, route: str) -> str:
    """The name of a task at a route, fit for a folder.

    >>> trial_name("category", "gemini-3.5-flash-lite/low-x8")
    'category@gemini-3.5-flash-lite:low-x8'
    """
    return f"{task}@{route.replace('/', ':')}"


def is_trial(name: str) -> bool:
    """Whether it is the name of a task at a route.

    >>> is_trial("category@low"), is_trial("category")
    (True, False)
    """
    return "@" in name


def own_route(task: Task) -> Routes:
    """The route of the tasks file, under its name."""
    return {route_name(task.route, task.route): task.route}
