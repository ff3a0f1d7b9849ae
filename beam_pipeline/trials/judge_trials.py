"""Which route is good enough for each task, by what a job has left of its trials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tierwise.beam_pipeline.trials.label_problems import LabelProblems
from tierwise.beam_pipeline.trials.labelled import LabelledImage
from tierwise.beam_pipeline.trials.observations import Left, TrialResults
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
from tierwise.calibration.protection import Protect
from tierwise.calibration.routes import route_name
from tierwise.routing import AS_IT_IS
from tierwise.tasks import Task, Tasks


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
        looks = {
            name: self._looks(name, sample, observed, at=at, emulated=emulated)
            for name, observed in results.items()
        }
        choices = {
            name: self._choice(trials, sample.tasks.task(name), observed, looks[name])
            for name, observed in results.items()
        }
        found = chosen_together(choices, trials.joint)
        return {
            name: JudgedTask(
                choice,
                dict(sample.problems.left_out(name) + Counter(results[name].left_out)),
                self._remembered(name, looks[name]),
                _unsure_below(sample.tasks.task(name), choice, results[name]),
            )
            for name, choice in found.items()
        }

    def _looks(
        self, task: str, sample: Sample, observed: TrialResults, *, at: str, emulated: bool
    ) -> tuple[LabelLook, ...]:
        """The look at all that was tried from the start, and that at what is left of it."""
        truths = {one.content_hash: one.truths[task] for one in sample.images if task in one.truths}
        joint = candidates_of(task, sample.trials.joint)
        earlier = self.earlier.get(task, ())
        found: list[LabelLook] = []
        for names in ({*observed.by_route} - {*joint.left}, {*joint.left}):
            if names:
                known = earlier
                for look in found:
                    known = remembered(known, look)
                tested = [repr(replace(self, earlier={})), *_seen(observed, names)]
                found.append(
                    look_at(
                        truths,
                        known,
                        at=at,
                        margin=self.margin,
                        emulated=emulated,
                        tested=tested,
                    )
                )
        return tuple(found)

    def _remembered(self, task: str, looks: Sequence[LabelLook]) -> tuple[LabelLook, ...]:
        known = self.earlier.get(task, ())
        for look in looks:
            known = remembered(known, look)
        return known

    def _choice(
        self, trials: Trials, task: Task, observed: TrialResults, looks: Sequence[LabelLook]
    ) -> Choice:
        routes = trials.routes[task.name]
        rules = task.routing if self.by_picture else AS_IT_IS
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
                protect=self.protect,
                first=self.order,
                costs=trials.costs.get(task.name, {}),
            ),
            composed=[
                *(adaptations(routes, observed.pages, rules) if self.by_picture else ()),
                *_cascades(trials, task, observed),
            ],
            routings=literal_routings(routes, observed.pages, rules),
            joint=candidates_of(task.name, trials.joint),
            own=route_name(task.route, task.route),
        )


def _results(left: Left, sample: Sample, name: str) -> TrialResults:
    trials = sample.trials
    doubts = trials.doubts.get(name, ())
    signals = {one.observed for doubt in doubts for one in doubt.signals.values()}
    joint = (one.names[name] for one in trials.joint if name in one.names)
    routes = [*trials.routes[name], *joint]
    return left.observed(name, routes, sample.images, sorted(signals))


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
    """The cascades of a task: up to the reference, or as its file says."""
    routes = trials.routes[task.name]
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
