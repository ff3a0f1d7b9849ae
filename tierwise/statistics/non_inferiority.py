"""Whether a candidate is good enough beside a reference, image by image, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from math import ceil, exp, log, log1p, sqrt
from statistics import NormalDist

from tierwise.statistics.betting import best_bet, p_mean_at_most
from tierwise.statistics.clusters import unit_means
from tierwise.statistics.paired import p_worse_by

# How surely a sample of the size that is named should suffice.
_POWER = 0.8
# What spreading the stake costs a bet, in units of its logarithm.
_COST_OF_SPREADING = 1.5


@dataclass(frozen=True, slots=True)
class RouteComparison:
    """A candidate beside the reference on the same images, each scored from 0 to 1.

    `units` are the groups of images that fail together, each of which counts once: with its mean; 0
    in files that do not say.
    `difference` is the candidate's mean score less the reference's, `spread` the variance of that
    difference between units. `lost` and `gained` count the images on which the candidate did worse
    and better. `p_value` belongs to the hypothesis that it is worse by `margin` or more. Where that
    is `graded`, and so tested by betting, `growth` is what a unit adds to the logarithm of the best
    bet's stake, `growth_spread` its standard deviation.
    """

    images: int
    lost: int
    gained: int
    difference: float
    spread: float
    margin: float
    p_value: float
    graded: bool
    units: int = 0
    growth: float = 0.0
    growth_spread: float = 0.0

    def units_needed(self, error: float) -> int | None:
        """About how many units would do if they go on like these; None when more cannot help.

        With so many, the hypothesis is refuted at the level `error` four times out of five.
        """
        room = self.margin + self.difference
        if room <= 0 or (self.graded and self.growth <= 0):
            return None
        surely = NormalDist().inv_cdf(_POWER)
        if self.graded:
            without_any = least_units(self.margin, error, graded=True)
            # The stake has to grow so much, and once more if chance is against it.
            wanted, against = log(1 / error) + _COST_OF_SPREADING, surely * self.growth_spread
            reach = (against + sqrt(against**2 + 4 * self.growth * wanted)) / (2 * self.growth)
            return max(ceil(reach**2), without_any) if self.lost else without_any
        # Two conditions: differences must not drown the margin, and even a sample without any
        # difference says little when it is small.
        at_border = max((self.lost + self.gained) / self.units, self.margin) - self.margin**2
        strength = NormalDist().inv_cdf(1 - error) * sqrt(at_border)
        reach = strength + surely * sqrt(self.spread)
        without_any = least_units(self.margin, error)
        return max(ceil((reach / room) ** 2 + 1 / room), without_any) if self.lost else without_any

    def images_needed(self, error: float) -> int | None:
        """The same in images, as many to a unit as there are here."""
        units = self.units_needed(error)
        return None if units is None else ceil(units * self.images / self.units)


@lru_cache(maxsize=256)
def least_units(margin: float, error: float, *, graded: bool = False) -> int:
    """How many units it takes where nothing is lost: with fewer, nothing can be shown.

    >>> least_units(0.05, 0.05 * 5 / 7), least_units(0.02, 0.05 * 5 / 7)
    (65, 165)
    """
    least = ceil(log(error) / log1p(-margin) - 1e-9)
    if graded:
        return least
    return next(n for n in count(least) if p_worse_by(margin, images=n, lost=0, gained=0) <= error)


def compare(
    reference: Sequence[float],
    candidate: Sequence[float],
    *,
    margin: float,
    units: Sequence[str] = (),
    whole: bool = True,
) -> RouteComparison:
    """Both routes' scores of the same images, in the same order.

    Right or wrong of single images is tested exactly; scores in between, and images that fail
    together, by betting. Both hold in finite samples. Images that fail together must pass both: as
    units, and each by itself, so that neither large units nor what they share is overlooked.

    Args:
        reference: scores from 0 to 1.
        candidate: scores of the same images.
        margin: how much worse is too much, above 0 and below 1.
        units: for each image the name of what fails together, empty for itself alone; none where
            that holds for all.
        whole: scores are 0 or 1, which nothing but the question may decide: not what was answered.
    """
    differences = [theirs - ours for ours, theirs in zip(reference, candidate, strict=True)]
    images = len(differences)
    values = unit_means(differences, units) if units else differences
    lost = sum(one < 0 for one in differences)
    gained = sum(one > 0 for one in differences)
    mean = sum(values) / max(len(values), 1)
    if whole:
        if any(one not in (-1, 0, 1) for one in differences):
            raise ValueError("scores are between 0 and 1")
        p_value = p_worse_by(margin, images=images, lost=lost, gained=gained)
    else:
        p_value = _p_by_betting(differences, margin)
    if together := len(values) < images:
        # A large unit counts like a small one. What is lost with large ones alone must not hide.
        p_value = max(p_value, _p_by_betting(values, margin))
    graded = not whole or together
    growth, growth_spread = best_bet(-margin, values, -1) if graded else (0.0, 0.0)
    return RouteComparison(
        images=images,
        units=len(values),
        lost=lost,
        gained=gained,
        difference=mean,
        spread=sum((one - mean) ** 2 for one in values) / max(len(values), 1),
        margin=margin,
        p_value=p_value,
        graded=graded,
        growth=growth,
        growth_spread=growth_spread,
    )


def _p_by_betting(differences: Sequence[float], margin: float) -> float:
    """The p-value of the hypothesis that the mean of differences from -1 to 1 is -`margin` or less.

    Then something is lost in at least a share `margin` of the units, so that a sample that has lost
    nothing has this probability at most. It is the strongest there can be; others come behind it.
    """
    if not differences:
        return 1.0
    nothing_lost = exp(len(differences) * log1p(-margin))
    if min(differences) >= 0:
        return nothing_lost
    return min(1.0, nothing_lost + p_mean_at_most(-margin, differences, -1, 1))
