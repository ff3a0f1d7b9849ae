"""Each task at each of its routes, as tasks of one job: journal and account are the job's own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from tierwise.calibration.routes import Routes, dearest_first, read_routes, usual_routes
from tierwise.price_rows import Price
from tierwise.records import Route
from tierwise.routing import AS_IT_IS
from tierwise.tasks import Task, Tasks
from tierwise.tasks.prompts import used_variables


@dataclass(frozen=True, slots=True)
class Trials:
    """The routes of each task, by task and name; the first of a task is its reference.

    Every image is asked at them to the letter. `measures_detail` has its fine detail measured too.
    """

    routes: Mapping[str, Routes]
    measures_detail: bool = False

    def tasks(self, tasks: Tasks) -> Tasks:
        """The tasks to ask: every calibrated task once per route, of every image."""
        asked = tuple(
            self._at(tasks.task(task), name, route)
            for task, routes in self.routes.items()
            for name, route in routes.items()
        )
        used = {name for task in asked for name in used_variables(task.prompt)}
        columns = tuple(column for column in tasks.manifest_columns if column in used)
        return replace(tasks, tasks=asked, manifest_columns=columns)

    def _at(self, task: Task, name: str, route: Route) -> Task:
        """The task at a route, asked of all labelled images: `when` is for the archive."""
        return replace(
            task,
            name=trial_name(task.name, name),
            route=route,
            routing=replace(AS_IT_IS, measures=self.measures_detail),
            when=None,
            depends_on=(),
        )


def trials_of(
    tasks: Tasks,
    names: Collection[str],
    written: str | None,
    on: date,
    prices: Sequence[Price],
) -> Trials:
    """What to try for the tasks of these names: the routes of `--routes`, or the usual ones.

    Raises:
        InputError: a route is malformed, not offered, or has no price.
    """
    found: dict[str, Routes] = {}
    for name in names:
        task = tasks.task(name)
        routes = read_routes(written, task.route) if written else usual_routes(task.route)
        found[name] = dearest_first(routes, task.prompt, on, prices)
    return Trials(found, measures_detail=True)


def trial_name(task: str, route: str) -> str:
    """The name of a task at a route, fit for a folder.

    >>> trial_name("category", "gemini-3.5-flash-lite/low-x8")
    'category@gemini-3.5-flash-lite:low-x8'
    """
    return f"{task}@{route.replace('/', ':')}"
