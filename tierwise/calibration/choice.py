"""The cheapest route that is not worse than the reference by a margin, and what to say of it.

All routes, and the rules composed of them (`tierwise.calibration.composed`), are compared with the
reference on the same images. The search over them is controlled as a family
(`tierwise.statistics.families`), so that over many calibrations the chance of accepting any that is
worse by the margin or more is at most one less `confidence`.

Routes that ask a task together with others (`tierwise.calibration.joint_routes`) are candidates as
any, and in the family. They are taken for all their tasks or for none (`chosen_together`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from tierwise.answers.answer_type import AnswerType
from tierwise.calibration.composed import ByRoute, ComposedRoute, Escalated, with_composed
from tierwise.calibration.figures import Figures, figures_of, scores
from tierwise.calibration.joint_routes import NO_OTHERS, JointCandidates, JointRoute
from tierwise.calibration.routes import Routes, chains, in_chains
from tierwise.records import Route
from tierwise.routing import AS_IT_IS, Routing
from tierwise.statistics.families import refuted
from tierwise.statistics.non_inferiority import RouteComparison, compare

# Costs this close differ by the length of some answers.
_SAME_COST = Decimal("1.01")
# Nobody should label pictures to save less than a twentieth.
_WORTH_LABELLING = Decimal("0.95")
# Stands in a family for the candidates that might have been, and were not asked.
_NOT_ASKED = ""


@dataclass(frozen=True, slots=True)
class TriedRoute:
    """One route and how it did.

    `comparison` is with the reference, which has none; `differing` counts the images with another
    answer than the reference's, whichever was right. `images_needed` is about how many labelled
    images would do to accept it, None where it is accepted or where more cannot help. One that is
    `composed` is a rule that asks several routes, of which `route` is the base. `routing` are the
    rules by which pictures take a route of their own, None in files that do not say; `escalation`
    says when images are asked again, and how. `together` names the tasks that were asked in the
    same request, False for none, None in files that do not say; `not_for` are those of them that it
    is not good enough for, so that nobody is asked so.
    """

    name: str
    route: Route
    figures: Figures
    comparison: RouteComparison | None
    differing: int
    accepted: bool
    images_needed: int | None
    routing: Routing | None = None
    composed: bool = False
    escalation: Escalated | None = None
    together: tuple[str, ...] | Literal[False] | None = None
    not_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One task's routes, the reference first, and the one to use."""

    images: int
    margin: float
    confidence: float
    reference: str
    chosen: str
    routes: tuple[TriedRoute, ...]

    def route(self, name: str) -> TriedRoute:
        """The route of this name; raises KeyError."""
        return {one.name: one for one in self.routes}[name]

    @property
    def telling(self) -> list[TriedRoute]:
        """All but the rules for pictures that were not chosen, of which there are many."""
        return [
            one
            for one in self.routes
            if one.name == self.chosen or not (one.composed and one.routing)
        ]

    @property
    def why(self) -> str:
        """The choice in a sentence or two."""
        others = [one for one in self.routes if one.name != self.reference]
        accepted = sum(one.accepted for one in others)
        limit = f"worse than {self.reference} by {self.margin:g} or more"
        if self.chosen != self.reference:
            with_it = self.route(self.chosen).together
            in_all = f"least in all, {' and '.join(with_it)} included," if with_it else "least"
            said = (
                f"{self.chosen} costs {in_all} of the routes that were shown not to be {limit} "
                f"({accepted} of {len(others)}), at {self.confidence:.0%} confidence."
            )
        else:
            said = f"{self.reference} is kept: no cheaper route was shown not to be {limit}."
        return " ".join(filter(None, (said, self._beside, self._wanting)))

    @property
    def _beside(self) -> str:
        """What there is to say of asking together where it costs less, and is not chosen."""
        least = self.route(self.chosen).figures.usd_per_1000_images
        cheaper = [
            one
            for one in self.routes
            if one.together and one.accepted and one.figures.usd_per_1000_images < least
        ]
        if not cheaper:
            return ""
        found = min(cheaper, key=lambda one: one.figures.usd_per_1000_images)
        if found.not_for:
            return (
                f"{found.name} costs less, but was not shown to be good enough for "
                f"{' and '.join(found.not_for)}, and is for all or for nobody."
            )
        return f"{found.name} costs less here, but not for all that are asked together."

    @property
    def _wanting(self) -> str:
        """Which cheaper routes a larger sample might show to be good enough."""
        worthwhile = self.route(self.chosen).figures.usd_per_1000_images * _WORTH_LABELLING
        cheaper = [
            one
            for one in self.routes
            if one.images_needed and one.figures.usd_per_1000_images <= worthwhile
        ]
        if not cheaper:
            return ""
        nearest = min(cheaper, key=lambda one: one.images_needed or 0)
        return (
            f"{self.images} labelled images are too few to say so of {nearest.name}: it would take "
            f"about {nearest.images_needed}."
        )


def choose(
    kind: AnswerType,
    routes: Routes,
    observed: ByRoute,
    *,
    margin: float,
    confidence: float,
    composed: Sequence[ComposedRoute] = (),
    routings: Mapping[str, Routing] = {},
    joint: JointCandidates = NO_OTHERS,
) -> Choice:
    """The choice for one task, of the routes that ask it by itself; `chosen_together` has others.

    Args:
        kind: the task's answer type.
        routes: by name, the reference first.
        observed: for each route the same images in the same order, at least one.
        margin: how much worse is too much, in units of the score.
        confidence: how sure to be, for all candidates of the task together.
        composed: rules that choose among the routes image by image, for the same images.
        routings: by route, the rules that it stands for as it was asked.
        joint: routes that ask it together with others, observed as the others are.
    """
    reference = next(iter(routes))
    rules = {one.name: one for one in composed}
    with_others = {**joint.first, **joint.left}
    found = {**observed, **{name: one.observations(observed) for name, one in rules.items()}}
    names = [*routes, *with_others, *rules]
    scored = {name: scores(kind, found[name]) for name in names}
    compared = {
        name: compare(scored[reference], scored[name], margin=margin)
        for name in names
        if name != reference
    }
    error = 1 - confidence
    p_values = {name: one.p_value for name, one in compared.items()}
    p_values |= _corrected(joint, p_values)
    lines = [
        *with_composed(chains(routes, reference), composed),
        *_joint_lines(joint, p_values),
    ]
    accepted = {reference, *refuted(lines, p_values, error)} - {_NOT_ASKED}

    def tried(name: str) -> TriedRoute:
        rule, comparison = rules.get(name), compared.get(name)
        values = zip(found[reference], found[name], strict=True)
        return TriedRoute(
            name=name,
            route={**routes, **with_others}[rule.base if rule else name],
            figures=figures_of(kind, found[name], confidence),
            comparison=comparison,
            differing=sum(not kind.is_same(one.value, other.value) for one, other in values),
            accepted=name in accepted,
            images_needed=comparison.images_needed(
                error / len(lines) / (joint.possible if name in joint.left else 1)
            )
            if comparison and name not in accepted
            else None,
            routing=AS_IT_IS
            if name in with_others
            else (rule.routing if rule else routings.get(name)),
            composed=rule is not None,
            escalation=rule.escalation if rule else None,
            together=joint.others.get(name, False),
        )

    all_tried = tuple(map(tried, names))
    return Choice(
        images=len(observed[reference]),
        margin=margin,
        confidence=confidence,
        reference=reference,
        chosen=_best_of_cheapest(
            [one for one in all_tried if one.accepted and not one.together]
        ).name,
        routes=all_tried,
    )


def chosen_together(
    choices: Mapping[str, Choice], joint: Sequence[JointRoute]
) -> dict[str, Choice]:
    """The choices of all tasks, with those sets asked together that cost least in all.

    A set is asked together where that is good enough for each of its tasks that has labels; no task
    is in two. Other tasks look on, and cost less than apart in any case.
    """
    choices = {task: _with_refusals(task, choices, joint) for task in choices}
    good = [
        one
        for one in joint
        if all(choices[task].route(name).accepted for task, name in one.names.items())
    ]

    def cost(task: str, name: str) -> Decimal:
        return choices[task].route(name).figures.usd_per_1000_images

    def saved(one: JointRoute) -> Decimal:
        mine = one.names.items()
        return sum((cost(task, choices[task].chosen) - cost(task, name) for task, name in mine), _0)

    taken = _most_saving([(one, saved(one)) for one in good])
    names = {task: name for one in taken for task, name in one.names.items()}
    return {
        task: replace(choice, chosen=names.get(task, choice.chosen))
        for task, choice in choices.items()
    }


_0 = Decimal(0)


def _most_saving(sets: Sequence[tuple[JointRoute, Decimal]]) -> list[JointRoute]:
    """Sets without a task in common that save most together."""
    best: tuple[Decimal, list[JointRoute]] = (_0, [])
    for place, (one, saved) in enumerate(sets):
        others = [
            (other, its)
            for other, its in sets[place + 1 :]
            if not set(other.tasks) & set(one.tasks)
        ]
        rest = _most_saving(others)
        total = saved + sum((its for other, its in others if other in rest), _0)
        if total > best[0]:
            best = total, [one, *rest]
    return best[1]


def _with_refusals(task: str, choices: Mapping[str, Choice], joint: Sequence[JointRoute]) -> Choice:
    """The choice, which says of each joint route for whom else it is not good enough."""
    refused = {
        one.names[task]: tuple(
            other
            for other, name in one.names.items()
            if other != task and not choices[other].route(name).accepted
        )
        for one in joint
        if task in one.names
    }
    routes = (replace(one, not_for=refused.get(one.name, ())) for one in choices[task].routes)
    return replace(choices[task], routes=tuple(routes))


def _corrected(joint: JointCandidates, p_values: Mapping[str, float]) -> dict[str, float]:
    """P-values of what was picked out of many sets by what the labels said of larger ones."""
    picked = {name: min(1.0, p_values[name] * joint.possible) for name in joint.left}
    return picked | {_NOT_ASKED: 1.0}


def _joint_lines(joint: JointCandidates, p_values: Mapping[str, float]) -> list[list[str]]:
    """The chains of routes with others: each kind of set from the most detail to the least.

    Sets that are left over from larger ones share a chain with all that could have been, so that
    it is never finished; each counts as often as there are (Bonferroni), in whatever order.
    """
    kinds: dict[str, dict[str, Route]] = {}
    for name, route in joint.first.items():
        kinds.setdefault(name.partition("+")[2], {})[name] = route
    lines = [chain for kind in kinds.values() for chain in in_chains(kind)]
    if joint.possible:
        lines.append([*sorted(joint.left, key=lambda name: p_values[name]), _NOT_ASKED])
    return lines


def _best_of_cheapest(good: Sequence[TriedRoute]) -> TriedRoute:
    """The cheapest; of those that cost as good as the same, the one with the best score."""
    least = min(one.figures.usd_per_1000_images for one in good)
    cheapest = [one for one in good if one.figures.usd_per_1000_images <= least * _SAME_COST]
    return max(cheapest, key=lambda one: (one.figures.score, -one.figures.usd_per_1000_images))
