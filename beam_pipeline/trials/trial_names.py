"""What a task at a route is called while routes are tried."""

from __future__ import annotations

from hashlib import sha256

from tierwise.calibration.routes import Routes, route_name
from tierwise.tasks import Task

# A folder's name has 255 bytes on most disks, some of which are the table's own.
_LONGEST = 120


def trial_name(task: str, route: str) -> str:
    """The name of a task at a route, fit for a folder.

    >>> trial_name("category", "gemini-3.5-flash-lite/low-x8")
    'category@gemini-3.5-flash-lite:low-x8'

    Of a route that names many tasks a part has to do:

    >>> len(trial_name("category", "low+" + "+".join(map(str, range(100)))))
    120
    """
    name = f"{task}@{route.replace('/', ':')}"
    if len(name) <= _LONGEST:
        return name
    digest = sha256(name.encode()).hexdigest()[:20]
    return f"{name[: _LONGEST - len(digest) - 1]}-{digest}"


def is_trial(name: str) -> bool:
    """Whether it is the name of a task at a route.

    >>> is_trial("category@low"), is_trial("category")
    (True, False)
    """
    return "@" in name


def task_of(trial: str) -> str:
    """The task that a trial is of.

    >>> task_of("category@low")
    'category'
    """
    return trial.partition("@")[0]


def own_route(task: Task) -> Routes:
    """The route of the tasks file, under its name."""
    return {route_name(task.route, task.route): task.route}
