"""The cheapest route that is not worse than the reference by a margin, and what to say of it.

All routes, and the rules composed of them (`tierwise.calibration.composed`), are compared with the
reference on the same images. The search over them is controlled as a family
(`tierwise.statistics.families`), so that over many calibrations the chance of accepting any that is
worse by the margin or more is at most one less `confidence`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tierwise.answers.answer_type import AnswerType
from tierwise.calibration.composed import ByRoute, ComposedRoute, Escalated, with_composed
from tierwise.calibration.figures import Figures, figures_of, scores
from tierwise.calibration.routes import Routes, chains
from tierwise.records import Route
from tierwise.routing import Routing
from tierwise.statistics.families import refuted
from tierwise.statistics.non_inferiority import RouteComparison, compare

# Costs this close differ by the length of some answers.
_SAME_COST = Decimal("1.01")
# Nobody should label pictures to save less than a twentieth.
_WORTH_LABELLING = Decimal("0.95")


@dataclass(frozen=True, slots=True)
class TriedRoute:
    """One route and how it did.

    `comparison` is with the reference, which has none; `differing` counts the images with another
    answer than the reference's, whichever was right. `images_needed` is about how many labelled
    images would do to accept it, None where it is accepted or where more cannot help. One that is
    `composed` is a rule that asks several routes, of which `route` is the base. `routing` are the
    rules by which pictures take a route of their own, None in files that do not say; `escalation`
    says when images are asked again, and how.
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
            said = (
                f"{self.chosen} costs least of the routes that were shown not to be {limit} "
                f"({accepted} of {len(others)}), at {self.confidence:.0%} confidence."
            )
        else:
            said = f"{self.reference} is kept: no cheaper route was shown not to be {limit}."
        return f"{said} {self._wanting}".strip()

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
) -> Choice:
    """The choice for one task.

    Args:
        kind: the task's answer type.
        routes: by name, the reference first.
        observed: for each route the same images in the same order, at least one.
        margin: how much worse is too much, in units of the score.
        confidence: how sure to be, for all candidates of the task together.
        composed: rules that choose among the routes image by image, for the same images.
        routings: by route, the rules that it stands for as it was asked.
    """
    reference = next(iter(routes))
    rules = {one.name: one for one in composed}
    found = {**observed, **{name: one.observations(observed) for name, one in rules.items()}}
    names = [*routes, *rules]
    scored = {name: scores(kind, found[name]) for name in names}
    compared = {
        name: compare(scored[reference], scored[name], margin=margin)
        for name in names
        if name != reference
    }
    lines = with_composed(chains(routes, reference), composed)
    error = 1 - confidence
    p_values = {name: one.p_value for name, one in compared.items()}
    accepted = {reference, *refuted(lines, p_values, error)}

    def tried(name: str) -> TriedRoute:
        rule, comparison = rules.get(name), compared.get(name)
        values = zip(found[reference], found[name], strict=True)
        return TriedRoute(
            name=name,
            route=routes[rule.base if rule else name],
            figures=figures_of(kind, found[name], confidence),
            comparison=comparison,
            differing=sum(not kind.is_same(one.value, other.value) for one, other in values),
            accepted=name in accepted,
            images_needed=comparison.images_needed(error / len(lines))
            if comparison and name not in accepted
            else None,
            routing=rule.routing if rule else routings.get(name),
            composed=rule is not None,
            escalation=rule.escalation if rule else None,
        )

    all_tried = tuple(map(tried, names))
    return Choice(
        images=len(observed[reference]),
        margin=margin,
        confidence=confidence,
        reference=reference,
        chosen=_best_of_cheapest([one for one in all_tried if one.accepted]).name,
        routes=all_tried,
    )


def _best_of_cheapest(good: Sequence[TriedRoute]) -> TriedRoute:
    """The cheapest; of those that cost as good as the same, the one with the best score."""
    least = min(one.figures.usd_per_1000_images for one in good)
    cheapest = [one for one in good if one.figures.usd_per_1000_images <= least * _SAME_COST]
    return max(cheapest, key=lambda one: (one.figures.score, -one.figures.usd_per_1000_images))
