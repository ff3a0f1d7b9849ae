"""Candidates that are made of routes which were asked already: to judge them, nothing more is paid.

A rule that chooses among routes image by image, by what the picture is like or by what a cheaper
route has answered, is a candidate as a route is. On each labelled image it would have asked one or
more of the routes, one after the other, and taken the last answer. So its answers and its costs are
known, and `choose` holds it against the reference with the same test, in the same order.

What a rule is made of must not depend on the labels: thresholds that are tried come from the
pictures, or are fixed beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from tierwise.calibration.figures import Observation
from tierwise.records import Route
from tierwise.routing import Routing

ByRoute = Mapping[str, Sequence[Observation]]


@dataclass(frozen=True, slots=True)
class Escalated:
    """That an image is asked again at `route` where the condition `when` holds.

    `signals` are the other tasks that it looks at, with the digests of what they asked.
    """

    when: str
    route: Route
    signals: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ComposedRoute:
    """One rule on labelled images.

    `name` is for people, and unlike any route's. `base` names the route that the task's own becomes
    when the rule is chosen, `routing` or `escalation` the rule itself, for the calibration file.
    `asked` has for each image, in the order of the observations, the names of the routes it is
    asked at: all are paid, the last one's answer counts. Of several of a kind the surest comes
    first.
    """

    name: str
    base: str
    asked: Sequence[tuple[str, ...]]
    routing: Routing | None = None
    escalation: Escalated | None = None

    def observations(self, observed: ByRoute) -> list[Observation]:
        """What would have come of each image: the last answer, and all that was paid and waited."""
        return [
            reduce(_then, (observed[name][image] for name in names))
            for image, names in enumerate(self.asked)
        ]


def _then(before: Observation, last: Observation) -> Observation:
    return replace(
        last, spent=before.spent + last.spent, latency_ms=before.latency_ms + last.latency_ms
    )
