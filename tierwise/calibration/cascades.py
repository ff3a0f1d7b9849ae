"""Cascades as candidates: asked at a cheap route, and again at a dear one where that is in doubt.

What counts as doubt is a condition that is fixed before anything is measured: the tasks file's, or
a label that was named. Its other tasks are signals: asked of every image, paid, and compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tierwise.calibration.composed import ByRoute, ComposedRoute, Escalated
from tierwise.calibration.figures import Observation
from tierwise.calibration.routes import Routes
from tierwise.records import Spent
from tierwise.tasks.conditions import Condition

# Stands among the observations of a signal for images that it is not asked of.
NOT_ASKED = Observation(truth=None, value=None, reason=None, spent=Spent())


@dataclass(frozen=True, slots=True)
class Signal:
    """A task whose answers a condition looks at: where they are among the observations."""

    observed: str
    digest: str


@dataclass(frozen=True, slots=True)
class DoubtRule:
    """A rule that says which answers of a task are in doubt; `name` is for people.

    `signals` are the other tasks that its condition names.
    """

    name: str
    condition: Condition
    signals: Mapping[str, Signal]


def cascades(
    task: str, routes: Routes, dear: Sequence[str], doubts: Sequence[DoubtRule], observed: ByRoute
) -> Iterator[ComposedRoute]:
    """Every cascade from each route to each of `dear` that is before it, by each rule.

    Args:
        task: its name, by which conditions mean its first answer.
        routes: by name, the dearest first.
        dear: names of those at which may be asked again.
        doubts: the rules.
        observed: for each route and signal the same images in the same order.
    """
    order = list(routes)
    for doubt in doubts:
        for target in dear:
            for cheap in order[order.index(target) + 1 :]:
                yield ComposedRoute(
                    name=f"{cheap}>{target} if {doubt.name}",
                    base=cheap,
                    asked=_asked(task, cheap, target, doubt, observed),
                    escalation=Escalated(
                        when=doubt.condition.text,
                        route=routes[target],
                        signals={name: one.digest for name, one in doubt.signals.items()},
                    ),
                )


def _asked(
    task: str, cheap: str, dear: str, doubt: DoubtRule, observed: ByRoute
) -> list[tuple[str, ...]]:
    """For each image what is asked: all signals, the cheap route and, in doubt, the dear one.

    A signal that is not asked of an image itself puts nothing in doubt, as in a run.
    """
    signals = {name: one.observed for name, one in doubt.signals.items()}

    def of_image(image: int) -> tuple[str, ...]:
        found = {name: observed[key][image] for name, key in signals.items()}
        asked = {name: one for name, one in found.items() if one != NOT_ASKED}
        once = (*(signals[name] for name in asked), cheap)
        first = observed[cheap][image].value
        if first is None:  # a first ask without an answer is a failure
            return once
        answers = {name: one.value for name, one in asked.items() if one.value is not None}
        lost = len(answers) < len(asked)
        return (*once, dear) if lost or doubt.condition.holds({**answers, task: first}) else once

    return [of_image(image) for image in range(len(observed[cheap]))]
