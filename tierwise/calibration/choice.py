"""The cheapest route that is not worse than the reference by a margin, and what to say of it.

All routes, and the rules composed of them (`tierwise.calibration.composed`), are compared with the
reference on the same images, in one order that is fixed beforehand (`tierwise.calibration.order`),
and no further than to the first that is not good enough (`tierwise.statistics.sequence`). So over
many calibrations, and over all looks at growing labels (`tierwise.statistics.spending`), the chance
of accepting any that is worse by the margin or more is at most one less `confidence`.

Routes that ask a task together with others (`tierwise.calibration.joint_routes`) are candidates as
any, in the same order. They are taken for all their tasks or for none
(`tierwise.calibration.chosen_sets`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from tierwise.answers.answer_type import AnswerType
from tierwise.calibration.comparing import Against, Compared, units_of
from tierwise.calibration.composed import ByRoute, ComposedRoute, Escalated
from tierwise.calibration.figures import Figures, figures_of
from tierwise.calibration.found_doubt import by_confidence
from tierwise.calibration.joint_routes import NO_OTHERS, JointCandidates
from tierwise.calibration.order import order_of
from tierwise.calibration.protection import Protect
from tierwise.calibration.routes import Routes
from tierwise.records import Route
from tierwise.routing import AS_IT_IS, Routing
from tierwise.statistics.non_inferiority import RouteComparison
from tierwise.statistics.sequence import refuted_in_order
from tierwise.statistics.spending import error_of_look

# Costs this close differ by the length of some answers.
_SAME_COST = Decimal("1.01")
# Nobody should label pictures to save less than a twentieth.
_WORTH_LABELLING = Decimal("0.95")


@dataclass(frozen=True, slots=True)
class TriedRoute:
    """One route and how it did.

    `comparison` is with the reference, which has none; `differing` counts the images with another
    answer than the reference's, whichever was right, of `answered`, those with an answer at both
    (None in files that do not say, where all are counted). `images_needed` is about how many
    labelled images would do to accept it at the next look, None where it is accepted or where more
    cannot help. `blocked_by` names the candidate before it that was not good enough, so that this
    one was not tested; `weakest` is the label on which the least could be shown, where each is
    protected, or the level of a tree with a margin of its own. One that is `composed` is a rule
    that asks several routes, of which `route` is the base. `routing` are the rules by which
    pictures take a route of their own, None in files that do not say; `escalation` says when images
    are asked again, and how. `together` names the tasks that were asked in the same request, False
    for none, None in files that do not say; `not_for` are those of them that it is not good enough
    for, so that nobody is asked so.
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
    blocked_by: str = ""
    weakest: str = ""
    answered: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One task's routes, the reference first, and the one to use.

    `order` is that in which the others were tested. `own` is the route of the tasks file. `look` is
    how often these labels have been looked at, this time included. `protect` is what a cheaper
    route must not lose, and `levels` the margins of what comes near in a tree; `could_show` is
    False where there were too few images to show anything of any route, whatever they had said. All
    have defaults for files that do not say.
    """

    images: int
    margin: float
    confidence: float
    reference: str
    chosen: str
    routes: tuple[TriedRoute, ...]
    order: tuple[str, ...] = ()
    own: str = ""
    look: int = 1
    protect: Protect = Protect.AVERAGE
    could_show: bool = True
    levels: Mapping[str, float] = field(default_factory=dict)

    def route(self, name: str) -> TriedRoute:
        """The route of this name; raises KeyError."""
        return {one.name: one for one in self.routes}[name]

    @property
    def telling(self) -> list[TriedRoute]:
        """All but the rules by thresholds that were not chosen, of which there are many."""
        return [
            one
            for one in self.routes
            if one.name == self.chosen
            or not ((one.composed and one.routing) or by_confidence(one.name))
        ]

    @property
    def why(self) -> str:
        """The choice in a sentence or two."""
        others = [one for one in self.routes if one.name != self.reference]
        accepted = sum(one.accepted for one in others)
        limit = f"worse than {self.reference} by {self.margin:g} or more"
        if self.protect is Protect.EACH_LABEL:
            limit += ", label by label"
        for level, margin in self.levels.items():
            limit += f", nor in {level!r} by {margin:g}"
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
            if one.images_needed and not one.blocked_by
            if one.figures.usd_per_1000_images <= worthwhile
        ]
        if not cheaper:
            return ""
        nearest = min(cheaper, key=lambda one: one.images_needed or 0)
        return (
            f"{self.images} labelled images are too few to say so of {nearest.name}: at the next "
            f"look at these labels it would take about {nearest.images_needed}."
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms candidates are accepted.

    `margin` is how much worse is too much, in units of the score, and `levels` the same of what
    comes near in a tree; `confidence` how sure to be, for
    all candidates of the task and all looks at its labels together; `look` is the number of this
    look, from 1, `left_look` that of the one at routes which are left of larger ones, 0 where it is
    still to come. `first` names candidates that are tested before all others, `costs` has what the
    rules say of routes' prices, by which the others are put in order.
    """

    margin: float
    confidence: float
    levels: Mapping[str, float] = field(default_factory=dict, kw_only=True)
    look: int = 1
    left_look: int = 0
    protect: Protect = Protect.AVERAGE
    first: tuple[str, ...] = ()
    costs: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def error(self) -> float:
        """What this look may spend."""
        return error_of_look(1 - self.confidence, self.look)

    @property
    def error_of_left(self) -> float:
        """What the look at routes that are left of larger ones may spend."""
        return error_of_look(1 - self.confidence, self.left_look or self.look + 1)

    @property
    def next_error(self) -> float:
        """What the look after these may spend."""
        return error_of_look(1 - self.confidence, max(self.look, self.left_look) + 1)


def choose(
    kind: AnswerType,
    routes: Routes,
    observed: ByRoute,
    terms: Terms,
    *,
    composed: Sequence[ComposedRoute] = (),
    routings: Mapping[str, Routing] = {},
    joint: JointCandidates = NO_OTHERS,
    own: str = "",
) -> Choice:
    """The choice for one task, of the routes that ask it by itself; `chosen_sets` has others.

    Args:
        kind: the task's answer type.
        routes: by name, the reference first.
        observed: for each route the same images in the same order, at least one.
        terms: on what terms.
        composed: rules that choose among the routes image by image, for the same images.
        routings: by route, the rules that it stands for as it was asked.
        joint: routes that ask it together with others, observed as the others are. Those that are
            left of larger ones are judged by what the next look may spend.
        own: the name of the route of the tasks file.
    """
    reference = next(iter(routes))
    rules = {one.name: one for one in composed}
    with_others = {**joint.first, **joint.left}
    found = {**observed, **{name: one.observations(observed) for name, one in rules.items()}}
    names = [*routes, *with_others, *rules]
    against = Against(kind, terms.margin, terms.protect, terms.levels)
    compared = {
        name: against.compared(
            found[reference], found[name], _units(rules.get(name), name, reference, observed)
        )
        for name in names
        if name != reference
    }
    order = order_of(routes, composed, joint.first, terms.first, terms.costs)
    verdict = _verdict(order, compared, joint, terms)

    def needed(name: str) -> int | None:
        """As many as it takes for what is tested before it, too."""
        before = {name, verdict.blocked_by.get(name, name)}
        error = terms.next_error / (joint.possible if name in joint.left else 1)
        found = [compared[one].images_needed(error) for one in before]
        return None if None in found else max(one or 0 for one in found)

    def tried(name: str) -> TriedRoute:
        rule, comparison = rules.get(name), compared.get(name)
        values = zip(found[reference], found[name], strict=True)
        pairs = [(a.value, b.value) for a, b in values if None not in (a.value, b.value)]
        accepted = name == reference or name in verdict.accepted
        return TriedRoute(
            name=name,
            route={**routes, **with_others}[rule.base if rule else name],
            figures=figures_of(kind, found[name], terms.confidence),
            comparison=comparison.in_all if comparison else None,
            differing=sum(not kind.is_same(*pair) for pair in pairs),
            accepted=accepted,
            images_needed=None if accepted else needed(name),
            routing=AS_IT_IS
            if name in with_others
            else (rule.routing if rule else routings.get(name)),
            composed=rule is not None,
            escalation=rule.escalation if rule else None,
            together=joint.others.get(name, False),
            blocked_by=verdict.blocked_by.get(name, ""),
            weakest=comparison.least_shown if comparison else "",
            answered=len(pairs),
        )

    all_tried = tuple(map(tried, names))
    return Choice(
        images=len(observed[reference]),
        margin=terms.margin,
        confidence=terms.confidence,
        reference=reference,
        chosen=_best_of_cheapest(
            [one for one in all_tried if one.accepted and not one.together]
        ).name,
        routes=all_tried,
        order=tuple(order),
        own=own,
        look=terms.look,
        protect=terms.protect,
        could_show=any(compared[name].can_be_shown(terms.error) for name in (*order, *joint.left)),
        levels={
            name: margin
            for name, margin in terms.levels.items()
            if any(name in one.levels for one in compared.values())
        },
    )


def _units(rule: ComposedRoute | None, name: str, reference: str, observed: ByRoute) -> list[str]:
    """What each image fails together with, at the reference or wherever a candidate asks it."""
    asked = {name: None} if rule is None else {one: None for some in rule.asked for one in some}
    here = [
        [
            one.unit if rule is None or route in rule.asked[image] else ""
            for image, one in enumerate(observed[route])
        ]
        for route in asked
    ]
    return units_of([one.unit for one in observed[reference]], *here)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Who is good enough, and of those that were not tested, who stood before them."""

    accepted: frozenset[str]
    blocked_by: Mapping[str, str]


def _verdict(
    order: Sequence[str],
    compared: Mapping[str, Compared],
    joint: JointCandidates,
    terms: Terms,
) -> _Verdict:
    """Tested in their order, but for those of which there are too few units to show anything.

    How many there are does not depend on answers, so these may be passed over.
    """
    able = [name for name in order if compared[name].can_be_shown(terms.error)]
    p_values = {name: one.p_value for name, one in compared.items()}
    accepted = refuted_in_order(able, p_values, terms.error)
    behind = able[len(accepted) :]
    # Picked out of many sets by what the labels said of larger ones: a look of their own, at which
    # each counts as often as there are sets (Bonferroni).
    later = terms.error_of_left / max(joint.possible, 1)
    left = [name for name in joint.left if p_values[name] <= later]
    return _Verdict(frozenset({*accepted, *left}), dict.fromkeys(behind[1:], "".join(behind[:1])))


def _best_of_cheapest(good: Sequence[TriedRoute]) -> TriedRoute:
    """The cheapest; of those that cost as good as the same, the one with the best score."""
    least = min(one.figures.usd_per_1000_images for one in good)
    cheapest = [one for one in good if one.figures.usd_per_1000_images <= least * _SAME_COST]
    return max(cheapest, key=lambda one: (one.figures.score, -one.figures.usd_per_1000_images))
