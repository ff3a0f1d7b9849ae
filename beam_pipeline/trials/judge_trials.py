"""Which route is good enough for each task, by what a job has left of its trials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tierwise.beam_pipeline.trials.label_problems import LabelProblems
from tierwise.beam_pipeline.trials.labelled import LabelledImage
from tierwise.beam_pipeline.trials.observations import Left, TrialResults
from tierwise.beam_pipeline.trials.trial_names import task_of
from tierwise.beam_pipeline.trials.trials import Trials
from tierwise.calibration.adaptations import adaptations, literal_routings
from tierwise.calibration.cascades import cascades
from tierwise.calibration.choice import Choice, Terms, choose
from tierwise.calibration.chosen_sets import chosen_together
from tierwise.calibration.composed import ComposedRoute
from tierwise.calibration.found_doubt import confidence_rules, telling_confidence
from tierwise.calibration.joint_routes import candidates_of
from tierwise.calibration.label_looks import LabelLook, look_at, remembered
from tierwise.calibration.labelling import LEAST_IMAGES
from tierwise.calibration.order import order_of
from tierwise.calibration.protection import Protect
from tierwise.calibration.routes import route_name
from tierwise.routing import AS_IT_IS, Routing
from tierwise.tasks import Task, Tasks
from tierwise.tasks.sharing import NEVER


@dataclass(frozen=True, slots=True)
class Sample:
    """What to calibrate with which images."""

    tasks: Tasks
    trials: Trials
    images: Sequence[LabelledImage]
    problems: LabelProblems


@dataclass(frozen=True, slots=True)
class JudgedTask:
    """What was chosen for a task, the images that it could not be held against, and all looks."""

    choice: Choice
    left_out: dict[str, int]
    looks: tuple[LabelLook, ...]
    unsure_below: float | None


class TooFewError(Exception):
    """Some tasks have too little to be judged by; `results` says by task what there is."""

    def __init__(self, results: Mapping[str, TrialResults]) -> None:
        super().__init__()
        self.results = results


@dataclass(frozen=True, slots=True)
class Judge:
    """On what terms routes are taken.

    Args:
        margin: how much worse is too much.
        levels: the same of what comes near in a tree, by name.
        confidence: how sure to be.
        protect: what a cheaper route must not lose.
        order: names of routes that are tested before all others.
        by_picture: whether rules for each picture are tried.
        earlier: the looks that the calibration file of the output remembers, by task.
    """

    margin: float
    confidence: float
    protect: Protect = Protect.AVERAGE
    order: tuple[str, ...] = ()
    by_picture: bool = True
    earlier: Mapping[str, tuple[LabelLook, ...]] = field(default_factory=dict)
    # Told apart, so that looks of those that have none are known again.
    levels: Mapping[str, float] = field(default_factory=dict, repr=False)

    def judged(
        self, sample: Sample, output: str, *, at: str, emulated: bool
    ) -> dict[str, JudgedTask]:
        """The choice of each task.

        Args:
            sample: what was asked.
            output: where the job has left its tables.
            at: when it ended, in ISO 8601.
            emulated: whether an emulator answered.

        Raises:
            TooFewError: a task has fewer than `LEAST_IMAGES` that were answered at every route.
        """
        left, trials = Left(output), sample.trials
        results = {name: _results(left, sample, name) for name in trials.routes}
        few = {name: one for name, one in results.items() if len(one.pages) < LEAST_IMAGES}
        if few:
            raise TooFewError(few)
        rules = {
            name: self._rules(trials, sample.tasks.task(name), observed)
            for name, observed in results.items()
        }
        looks = {
            name: self._looks(name, sample, observed, rules[name], at=at, emulated=emulated)
            for name, observed in results.items()
        }
        choices = {
            name: self._choice(trials, sample.tasks.task(name), observed, rules[name], looks[name])
            for name, observed in results.items()
        }
        found = chosen_together(choices, trials.joint)
        return {
            name: JudgedTask(
                choice,
                dict(sample.problems.left_out(name) + Counter(results[name].left_out)),
                remembered(self.earlier.get(name, ()), looks[name] if choice.could_show else ()),
                _unsure_below(sample.tasks.task(name), choice, results[name]),
            )
            for name, choice in found.items()
        }

    def _looks(
        self,
        task: str,
        sample: Sample,
        observed: TrialResults,
        rules: Sequence[ComposedRoute],
        *,
        at: str,
        emulated: bool,
    ) -> tuple[LabelLook, ...]:
        """The look at all that was tried from the start, and that at what is left of it."""
        truths = {one.content_hash: one.truths[task] for one in sample.images if task in one.truths}
        joint = candidates_of(task, sample.trials.joint)
        costs = sample.trials.costs.get(task, {})
        routes = sample.trials.routes[task]
        order = order_of(routes, rules, joint.first, self.order, costs)
        told = [repr(replace(self, earlier={})), *order]
        told += [repr((one.name, one.routing, one.escalation)) for one in rules]
        told += [repr(level) for level in self.levels.items()]
        found: list[LabelLook] = []
        for names in ({*observed.by_route} - {*joint.left}, {*joint.left}):
            if names:
                look = look_at(
                    truths,
                    remembered(self.earlier.get(task, ()), found),
                    at=at,
                    margin=self.margin,
                    emulated=emulated,
                    tested=[*told, *_seen(observed, names)],
                )
                found.append(look)
        return tuple(found)

    def _rules(self, trials: Trials, task: Task, observed: TrialResults) -> list[ComposedRoute]:
        """The rules for each picture, and those that ask again."""
        routes = trials.routes[task.name]
        by_picture = adaptations(routes, observed.pages, self._routing(task))
        again = _cascades(trials, task, observed)
        return [*(by_picture if self.by_picture else ()), *again]

    def _routing(self, task: Task) -> Routing:
        return task.routing if self.by_picture else AS_IT_IS

    def _choice(
        self,
        trials: Trials,
        task: Task,
        observed: TrialResults,
        rules: Sequence[ComposedRoute],
        looks: Sequence[LabelLook],
    ) -> Choice:
        routes = trials.routes[task.name]
        first, *left = looks
        return choose(
            task.answer,
            routes,
            observed.by_route,
            Terms(
                self.margin,
                self.confidence,
                look=first.number,
                left_look=left[0].number if left else 0,
                protect=self.protect if task.answer.options() else Protect.AVERAGE,
                first=self.order,
                levels=self.levels,
                costs=trials.costs.get(task.name, {}),
            ),
            composed=rules,
            routings=literal_routings(routes, observed.pages, self._routing(task)),
            joint=candidates_of(task.name, trials.joint),
            own=_own(trials, task, rules),
        )


def _own(trials: Trials, task: Task, rules: Sequence[ComposedRoute]) -> str:
    """The candidate that asks as the tasks file does."""
    alone = route_name(task.route, task.route)
    if task.escalation:
        when = task.escalation.when.text
        asks_again = (
            one.name
            for one in rules
            if one.base == alone
            and one.escalation
            and (one.escalation.when, one.escalation.route) == (when, task.escalation.route)
        )
        return next(asks_again, alone)
    together = (
        one.names[task.name]
        for one in trials.joint
        if task.name in one.names and one.within is None
        if one.routes[task.name] == task.route and task.together != NEVER
    )
    return next(together, alone)


def _results(left: Left, sample: Sample, name: str) -> TrialResults:
    trials = sample.trials
    doubts = trials.doubts.get(name, ())
    observed = sorted({one.observed for doubt in doubts for one in doubt.signals.values()})
    signals = {signal: sample.tasks.task(task_of(signal)).route for signal in observed}
    joint = {one.names[name]: one.routes[name] for one in trials.joint if name in one.names}
    return left.observed(name, {**trials.routes[name], **joint}, sample.images, signals)


def _seen(observed: TrialResults, names: set[str]) -> Iterator[str]:
    """What was asked and what came of it, route by route."""
    for name in sorted(names):
        yield name
        for one in observed.by_route[name]:
            yield repr((one.truth, one.value, one.reason))


def _unsure_below(task: Task, choice: Choice, observed: TrialResults) -> float | None:
    """Of a route that asks again, or several, nothing is said: it has had its doubts."""
    answered = observed.by_route.get(choice.chosen)
    return telling_confidence(task.answer, answered) if answered else None


def _cascades(trials: Trials, task: Task, observed: TrialResults) -> list[ComposedRoute]:
    """The cascades of a task: up to the reference, or as its file says.

    What is asked in two questions is not asked once more, and a second ask is one question.
    """
    tried = trials.routes[task.name]
    routes = {name: route for name, route in tried.items() if not route.top_down}
    if next(iter(tried)) not in routes:
        return []
    dear = [next(iter(routes))]
    if task.escalation:
        dear.append(route_name(task.escalation.route, task.route))
    targets = list(dict.fromkeys(dear))
    doubts = trials.doubts.get(task.name, ())
    found = list(cascades(task.name, routes, targets, doubts, observed.by_route))
    for cheap in list(routes)[1:]:
        rules = list(confidence_rules(task.name, task.answer, observed.by_route[cheap]))
        pair = {name: routes[name] for name in (targets[0], cheap)}
        found += cascades(task.name, pair, targets[:1], rules, observed.by_route)
    return found
