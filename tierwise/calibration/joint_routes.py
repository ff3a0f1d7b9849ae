"""Routes that ask a task together with others that look at the same picture, as candidates.

Such a route is written like any other, and behind it `+together` for all tasks that may share the
request, or the names of just these: `low+together`, `medium+category+printed`. What is measured is
one exact set of tasks; asked with fewer or with more, a task is not what was measured. So a set is
tried, chosen and asked as a whole.

Tasks without labels look on: they are asked in the sets that they would share, at their own route.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tierwise.calibration.labelling import can_be_calibrated
from tierwise.calibration.routes import (
    TOP_DOWN,
    at_usual_size,
    read_route,
    resolutions_of,
    route_name,
)
from tierwise.errors import InputError
from tierwise.looks import unpacked, with_looks
from tierwise.records import MediaResolution, Route
from tierwise.shown import shown, suggestion
from tierwise.tasks import Task, Tasks
from tierwise.tasks.sharing import NEVER

ALL = "together"
_SIGN = "+"


@dataclass(frozen=True, slots=True)
class JointRoute:
    """One exact set of tasks in one request.

    `routes` are theirs by task, in the order in which the request asks them; `names` is what this
    is called for each of those that are `labelled`. `within` is the larger one of whose tasks these
    are left, None where it was to be tried from the start.
    """

    routes: Mapping[str, Route]
    names: Mapping[str, str]
    within: JointRoute | None = None

    @property
    def tasks(self) -> tuple[str, ...]:
        """All tasks that are asked."""
        return tuple(self.routes)

    def name_of(self, task: str) -> str:
        """What this is called, for tasks without labels too: as for the first that has some."""
        return self.names.get(task) or next(iter(self.names.values()))

    def others(self, task: str) -> tuple[str, ...]:
        """Those that one task is asked with."""
        return tuple(name for name in self.routes if name != task)

    @property
    def smaller(self) -> int:
        """How many smaller sets of the labelled tasks could be left over to any one of them.

        >>> route = JointRoute(dict.fromkeys("abc"), dict.fromkeys("abc", "low+together"))
        >>> route.smaller
        2
        """
        sets = (1 << (len(self.names) - 1)) - 1
        return sets if len(self.names) < len(self.routes) else sets - 1


@dataclass(frozen=True, slots=True)
class JointCandidates:
    """What is tried of one task together with others.

    `first` are tried from the start, by name. Of `left`, which follow from what those have shown,
    there could have been `possible` others, one of which none is surer than another.
    `others` are by name the tasks asked with it.
    """

    first: Mapping[str, Route] = field(default_factory=dict)
    left: Mapping[str, Route] = field(default_factory=dict)
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    possible: int = 0


NO_OTHERS = JointCandidates()


def candidates_of(task: str, joint: Iterable[JointRoute]) -> JointCandidates:
    """The candidates of one task among all that were or will be tried."""
    mine = [one for one in joint if task in one.names]
    return JointCandidates(
        first={one.names[task]: one.routes[task] for one in mine if one.within is None},
        left={one.names[task]: one.routes[task] for one in mine if one.within},
        others={one.names[task]: one.others(task) for one in mine},
        possible=sum(one.smaller for one in mine if one.within is None and is_all(one.names[task])),
    )


def is_all(name: str) -> bool:
    """Whether a route's name means all tasks that may share a request."""
    return name.endswith(f"{_SIGN}{ALL}")


def usual_joint_routes(tasks: Tasks, labelled: Collection[str]) -> list[JointRoute]:
    """All that look together: at their own media resolutions, and the next above each."""
    found: dict[object, JointRoute] = {}
    for look in _looks(tasks):
        mine = [task for task in look if task.name in labelled]
        wanted = {task.route.media_resolution for task in look}
        for task in mine:
            wanted |= set(_next(task.route))
        for resolution in sorted(wanted, key=list(MediaResolution).index, reverse=True):
            moved = {task.name: at_usual_size(task.route, resolution) for task in mine}
            for one in _joint(tasks, moved, labelled, ALL):
                if any(name in moved for name in one.names):
                    found.setdefault(tuple(one.routes.items()), one)
    return list(found.values())


def shared_route(tasks: Tasks, name: str, routes: Mapping[str, Route]) -> JointRoute | None:
    """The request that a task shares where tasks are asked at these routes; None for none."""
    shared = _joint(tasks, routes, routes, ALL)
    return next((one for one in shared if name in one.routes), None)


def read_joint_routes(
    written: Iterable[str], tasks: Tasks, labelled: Collection[str]
) -> list[JointRoute]:
    """Those of `--routes`.

    Raises:
        InputError: a route is malformed or not offered, a name is no task's, or tasks cannot share
            a request.
    """
    found: dict[object, JointRoute] = {}
    for words in written:
        route, _, suffix = words.partition(_SIGN)
        if route.endswith(TOP_DOWN):
            raise InputError(
                f"--routes: {words}: what is asked in two questions is asked by itself. Write "
                f"{route}, or {route.removesuffix(TOP_DOWN)}{_SIGN}{suffix}."
            )
        names = [] if suffix == ALL else [name.strip() for name in suffix.split(_SIGN)]
        for name in names:
            if name not in {task.name for task in tasks.tasks}:
                remedy = suggestion(name, [task.name for task in tasks.tasks], "tasks")
                raise InputError(f"--routes: {words}: {shown(name)} is not a task. {remedy}")
        moved = {
            name: read_route(route, tasks.task(name).route)
            for name in labelled
            if not names or name in names
        }
        only = _among(tasks, names) if names else tasks
        joint = list(_joint(only, moved, labelled, suffix if not names else ""))
        if not joint or (names and set(joint[0].routes) != set(names)):
            who = f"{' and '.join(names)} cannot" if names else "no tasks with labels can"
            raise InputError(
                f"--routes: {words}: {who} share a request there. Tasks do that which look at the "
                "same picture with one model, media resolution, size and service tier, at the same "
                "stage, unless `together` says otherwise. Leave this route out."
            )
        for one in joint:
            found.setdefault(tuple(one.routes.items()), one)
    return list(found.values())


def left_of(tasks: Tasks, joint: JointRoute, good: Collection[str]) -> JointRoute | None:
    """The same request without the labelled tasks that it is not good enough for.

    None where nothing is to be tried: it is good enough for all, or too few are left.
    """
    kept = [name for name in joint.routes if name in good or name not in joint.names]
    if len(kept) in (1, len(joint.routes)) or not any(name in good for name in kept):
        return None
    moved = {name: joint.routes[name] for name in kept}
    found = list(_joint(_among(tasks, kept), moved, good, ""))
    return replace(found[0], within=joint) if len(found) == 1 else None


def asked_together(tasks: Sequence[Task]) -> list[tuple[str, ...]]:
    """The names of tasks that share a request for a picture that takes each one's own route.

    All of a file must be there, in their order; of those that ask again it is the first ask.
    """
    placed = with_looks([replace(task, escalation=None) for task in tasks])
    found: dict[object, list[Task]] = {}
    for task in placed:
        if task.look:
            found.setdefault((task.look, unpacked(task.route)), []).append(task)
    together = (sorted(some, key=lambda task: task.called) for some in found.values())
    return [tuple(task.name for task in some) for some in together if len(some) > 1]


def _joint(
    tasks: Tasks, routes: Mapping[str, Route], labelled: Collection[str], suffix: str
) -> Iterator[JointRoute]:
    """The requests that tasks share at these routes; without a suffix they are called by names."""
    placed = _that_can(tasks.with_routes(routes))
    for names in asked_together(placed.tasks):
        called = suffix or _SIGN.join(names)
        if mine := [name for name in names if name in labelled]:
            yield JointRoute(
                {name: placed.task(name).route for name in names},
                {
                    name: route_name(placed.task(name).route, tasks.task(name).route)
                    + f"{_SIGN}{called}"
                    for name in mine
                },
            )


def _looks(tasks: Tasks) -> list[tuple[Task, ...]]:
    """Those that may look together, whatever their media resolution."""
    placed = with_looks([replace(task, escalation=None) for task in _that_can(tasks).tasks])
    looks = dict.fromkeys(task.look for task in placed if task.look)
    return [tuple(tasks.task(name) for name in look) for look in looks]


def _that_can(tasks: Tasks) -> Tasks:
    """The tasks, those apart that cannot be tried on images alone."""
    return tasks.with_together({t.name: NEVER for t in tasks.tasks if not can_be_calibrated(t)})


def _among(tasks: Tasks, names: Collection[str]) -> Tasks:
    """The tasks, those of these names together with no others, as far as they allow it."""

    def allowed(task: Task) -> tuple[str, ...]:
        if task.name not in names:
            return NEVER
        others = set(names) - {task.name}
        return tuple(sorted(others if task.together is None else others & {*task.together}))

    return tasks.with_together({task.name: allowed(task) for task in tasks.tasks})


def _next(route: Route) -> list[MediaResolution]:
    """The next higher media resolution, where one is tried."""
    ladder = list(MediaResolution)
    own = ladder.index(route.media_resolution)
    return [one for one in resolutions_of(route.model) if ladder.index(one) > own][:1]
