"""Each task at each of its routes, as tasks of one job: journal and account are the job's own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from tierwise.beam_pipeline.trials.doubts import doubt_rules
from tierwise.beam_pipeline.trials.labelled import LabelledImage
from tierwise.beam_pipeline.trials.trial_names import own_route, trial_name
from tierwise.calibration.cascades import DoubtRule
from tierwise.calibration.joint_routes import (
    JointRoute,
    candidates_of,
    read_joint_routes,
    usual_joint_routes,
)
from tierwise.calibration.routes import (
    Routes,
    dearest_first,
    expected_costs,
    read_routes,
    route_name,
    split_routes,
    usual_routes,
)
from tierwise.errors import InputError
from tierwise.prices.price_rows import Price
from tierwise.questions import Questions, as_written
from tierwise.records import Route
from tierwise.routing import AS_IT_IS
from tierwise.tasks import Task, Tasks
from tierwise.tasks.chosen import Chosen
from tierwise.tasks.prompts import used_variables
from tierwise.tasks.sharing import NEVER
from tierwise.tasks.top_down import TreeTokens, tokens_of_tree


@dataclass(frozen=True, slots=True)
class Trials:
    """The routes of each task, by task and name; the first of a task is its reference.

    Every image is asked at them to the letter. `measures_detail` has its fine detail measured too.
    `doubts` are the rules by which answers of a task are in doubt; tasks that only they look at are
    asked at their own route. `joint` are the requests that several tasks share, and nothing else
    asks together. `costs` has for each task what a picture costs at its routes by the rules.
    `images` are those that are asked, each at the tasks that it is judged at; all are asked
    everything where nothing is known of them.
    """

    routes: Mapping[str, Routes]
    measures_detail: bool = False
    doubts: Mapping[str, Sequence[DoubtRule]] = field(default_factory=dict)
    joint: Sequence[JointRoute] = ()
    costs: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    images: Sequence[LabelledImage] = ()

    def with_joint(self, more: Sequence[JointRoute]) -> Trials:
        """The same, and requests in which these tasks are asked together."""
        return replace(self, joint=(*self.joint, *more))

    def asked_of(self, images: Sequence[LabelledImage]) -> Trials:
        """The same, of these images alone."""
        return replace(self, images=images)

    def questions(self, tasks: Tasks) -> Questions:
        """What to ask: every calibrated task once per route, of every image that it is judged at.

        A request that several share is asked once for all of them.
        """
        users = self._users_of_signals()
        others = {name: own_route(tasks.task(name)) for name in sorted({*users} - {*self.routes})}
        asked = tuple(
            replace(
                self._at(tasks.task(task), name, route),
                chosen=self._chosen((task, *signalled), task),
            )
            for task, routes in {**self.routes, **others}.items()
            for name, route in routes.items()
            for signalled in [users.get(task, ()) if route == tasks.task(task).route else ()]
        )
        asked += tuple(task for one in self.joint for task in self._together(tasks, one))
        used = {name for task in asked for name in used_variables(task.prompt)}
        used |= {task.sizes.column for task in asked if task.sizes}
        columns = tuple(column for column in tasks.manifest_columns if column in used)
        return as_written(replace(tasks, tasks=asked, manifest_columns=columns))

    def _at(self, task: Task, name: str, route: Route) -> Task:
        """The task at a route, asked whatever else is answered: `when` is for the archive."""
        return replace(
            task,
            name=trial_name(task.name, name),
            route=route,
            routing=replace(AS_IT_IS, measures=self.measures_detail),
            when=None,
            together=NEVER,
            escalation=None,
            depends_on=(),
            trial_of=task.name,
        )

    def _users_of_signals(self) -> dict[str, list[str]]:
        """By signal, the tasks whose doubts look at it."""
        users: dict[str, list[str]] = {}
        for task, doubts in self.doubts.items():
            for signal in dict.fromkeys(name for doubt in doubts for name in doubt.signals):
                users.setdefault(signal, []).append(task)
        return users

    def _chosen(self, judged: Collection[str], asked: str = "") -> Chosen | None:
        """The images that are judged at any of these tasks, and `asked` in a run; None for all."""
        wanted = [
            one.content_hash
            for one in self.images
            if asked not in one.spared and any(name in one.truths for name in judged)
        ]
        if len(wanted) == len(self.images):
            return None
        return Chosen(frozenset(wanted), len(wanted) / len(self.images))

    def _together(self, tasks: Tasks, joint: JointRoute) -> Iterator[Task]:
        """The tasks of one request, in this set alone."""
        digests = tuple(tasks.task(name).digest for name in joint.tasks)
        names = {task: trial_name(task, joint.name_of(task)) for task in joint.tasks}
        for task, route in joint.routes.items():
            others = tuple(sorted(name for one, name in names.items() if one != task))
            alone = self._at(tasks.task(task), joint.name_of(task), route)
            yield replace(
                alone, together=others, tried_with=digests, chosen=self._chosen(joint.names)
            )


def trials_of(
    tasks: Tasks,
    names: Collection[str],
    written: str | None,
    *,
    on: date,
    prices: Sequence[Price],
    doubtful: Sequence[str] = (),
) -> Trials:
    """What to try for the tasks of these names: the routes of `--routes`, or the usual ones.

    `doubtful` are labels that mean doubt, those of `--doubt`.

    Raises:
        InputError: a route is malformed, not offered, or has no price; tasks cannot share a request
            that they are to share; or a rule of doubt cannot be tried.
    """
    found: dict[str, Routes] = {}
    trees: dict[str, TreeTokens | None] = {}
    for name in names:
        task = tasks.task(name)
        tree = trees[name] = tokens_of_tree(task.answer, task.cut)
        routes = read_routes(written, task.route) if written else usual_routes(task.route, tree)
        _check_top_down(name, task, routes)
        if task.escalation:
            again = task.escalation.route
            routes = {**routes, route_name(again, task.route): again}
        found[name] = dearest_first(routes, task.prompt, on, prices, tree=tree)
    doubts = doubt_rules(tasks, names, doubtful)
    with_others = split_routes(written)[1] if written else None
    joint = (
        usual_joint_routes(tasks, names)
        if with_others is None
        else read_joint_routes(with_others, tasks, names)
    )
    costs = {
        name: expected_costs(
            {**routes, **candidates_of(name, joint).first},
            tasks.task(name).prompt,
            on,
            prices,
            tree=trees[name],
        )
        for name, routes in found.items()
    }
    return Trials(found, measures_detail=True, doubts=doubts, joint=joint, costs=costs)


def _check_top_down(name: str, task: Task, routes: Routes) -> None:
    """Refuse two questions of what can be asked in one alone; raises InputError."""
    wanted = [written for written, route in routes.items() if route.top_down and not task.cut]
    if wanted:
        raise InputError(
            f"--routes: {wanted[0]}: task {name!r} cannot be asked from its top down: it has no "
            "tree of one label with several below another, or says `top_down: false`, `escalate` "
            "or `examples`. Leave this route out."
        )
