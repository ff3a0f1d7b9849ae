"""A candidate beside the reference on labelled images: by their mean score, and label by label.

What fails together counts once: pages of a file, the images of a request or of a contact sheet,
photographs that look alike. An image belongs to one unit with all that share a file, a group or a
request with it at the reference or at the candidate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from tierwise.answers.answer_type import AnswerType
from tierwise.calibration.figures import Observation, scores
from tierwise.calibration.protection import Protect
from tierwise.statistics.non_inferiority import RouteComparison, compare, least_units

# Stands for having none of several labels.
_NONE = "none of them"


@dataclass(frozen=True, slots=True)
class Compared:
    """A candidate beside the reference, and the label on which the least could be shown of it.

    `rarest` is at the label of which there are fewest, `levels` at those of a tree that have
    margins of their own.

    That nothing of several is lost is shown where each is shown by itself, with the whole error
    (intersection-union test: Berger, Technometrics 24, 1982).
    """

    in_all: RouteComparison
    weakest: str = ""
    at_weakest: RouteComparison | None = None
    rarest: RouteComparison | None = None
    levels: Mapping[str, RouteComparison] = field(default_factory=dict)

    @property
    def least_shown(self) -> str:
        """The label or level of which less is shown than of all images; empty for none."""
        parts = dict(self.levels)
        if self.at_weakest:
            parts[self.weakest] = self.at_weakest
        name = max(parts, key=lambda one: parts[one].p_value, default="")
        if self.at_weakest or (name and parts[name].p_value > self.in_all.p_value):
            return name
        return ""

    @property
    def p_value(self) -> float:
        """Of the hypothesis that it is worse by the margin in anything that is protected."""
        return max(one.p_value for one in self._parts)

    def can_be_shown(self, error: float) -> bool:
        """Whether there are units enough to show anything at all, which answers have no part in."""
        parts = [self.in_all, *([self.rarest] if self.rarest else []), *self.levels.values()]
        return all(one.units >= least_units(one.margin, error, graded=one.graded) for one in parts)

    def images_needed(self, error: float) -> int | None:
        """About how many images would do if they go on like these; None when more cannot help."""
        needed = [one.images_needed(error) for one in self._parts]
        if None in needed:
            return None
        images = self.in_all.images
        shares = (one.images / images for one in self._parts)
        return max(ceil((n or 0) / share) for n, share in zip(needed, shares, strict=True))

    @property
    def _parts(self) -> list[RouteComparison]:
        weakest = [self.at_weakest] if self.at_weakest else []
        return [self.in_all, *weakest, *self.levels.values()]


@dataclass(frozen=True, slots=True)
class Against:
    """How candidates are held against the reference.

    `margin` is how much worse is too much, in units of the score; where each label is protected, of
    its recall too. `levels` are margins of what comes near in a tree.
    """

    kind: AnswerType
    margin: float
    protect: Protect = Protect.AVERAGE
    levels: Mapping[str, float] = field(default_factory=dict)

    def compared(
        self,
        reference: Sequence[Observation],
        candidate: Sequence[Observation],
        units: Sequence[str],
    ) -> Compared:
        """The comparison of all images, at levels, and of the label that is shown least.

        That is looked for where each label counts.
        """
        ours, theirs = scores(self.kind, reference), scores(self.kind, candidate)
        whole = all(self.kind.is_whole(one.truth) for one in reference)
        found = compare(ours, theirs, margin=self.margin, units=units, whole=whole)
        levels = self.by_level(reference, candidate, units) if self.levels else {}
        if self.protect is Protect.AVERAGE:
            return Compared(found, levels=levels)
        by_label = self.by_label(reference, candidate, units)
        if not by_label:
            return Compared(found, levels=levels)
        weakest = max(by_label, key=lambda label: by_label[label].p_value)
        rarest = min(by_label.values(), key=lambda one: one.units)
        return Compared(found, weakest, by_label[weakest], rarest, levels)

    def by_level(
        self,
        reference: Sequence[Observation],
        candidate: Sequence[Observation],
        units: Sequence[str],
    ) -> Mapping[str, RouteComparison]:
        """For each level with a margin, which images were right there here and there.

        Images whose truth does not reach a level say nothing of it; a level that none reaches is
        left out.
        """
        found = {}
        right = [[self._near(one) for one in side] for side in (reference, candidate)]
        for name, margin in self.levels.items():
            reached = [place for place, near in enumerate(right[0]) if name in near]
            if reached:
                ours, theirs = ([side[place][name] for place in reached] for side in right)
                here = [units[place] for place in reached]
                found[name] = compare(ours, theirs, margin=margin, units=here)
        return found

    def _near(self, one: Observation) -> dict[str, float]:
        return {part.name: part.exact for part in self.kind.parts(one.truth, one.value)}

    def by_label(
        self,
        reference: Sequence[Observation],
        candidate: Sequence[Observation],
        units: Sequence[str],
    ) -> Mapping[str, RouteComparison]:
        """For each label that images have, which of these were given it here and there.

        Images that have none of several labels are as one label more.
        """
        found = {}
        for label in (*self.kind.options(), _NONE):
            having = [
                place for place, one in enumerate(reference) if label in self._picked(one.truth)
            ]
            if having:
                found[label] = compare(
                    [self._given(label, reference[place]) for place in having],
                    [self._given(label, candidate[place]) for place in having],
                    margin=self.margin,
                    units=[units[place] for place in having],
                )
        return found

    def _given(self, label: str, one: Observation) -> float:
        return float(one.value is not None and label in self._picked(one.value))

    def _picked(self, value: Any) -> Sequence[str]:
        return self.kind.picked(value) or (_NONE,)


def units_of(*names: Sequence[str]) -> list[str]:
    """One name for all images that share a name in any of these lists; empty names share nothing.

    Args:
        names: for the same images in the same order, what each belongs to.

    >>> units_of(["a", "a", "", "b"], ["1", "2", "2", ""])
    ['0', '0', '0', '3']
    """
    leader: dict[object, object] = {}

    def find(one: object) -> object:
        while leader.setdefault(one, one) != one:
            leader[one] = leader[leader[one]]
            one = leader[one]
        return one

    count = len(names[0]) if names else 0
    for place, list_ in enumerate(names):
        for image in range(count):
            if list_[image]:
                leader[find((place, list_[image]))] = find(image)
    first: dict[object, str] = {}
    return [first.setdefault(find(image), str(image)) for image in range(count)]
