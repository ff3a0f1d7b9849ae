"""Whether a candidate is good enough beside a reference, image by image, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log, log1p, sqrt
from statistics import NormalDist

from tierwise.statistics.betting import p_mean_at_most
from tierwise.statistics.paired import p_worse_by

# How surely a sample of the size that is named should suffice.
_POWER = 0.8
# What spreading the stake costs a bet, in units of its logarithm: among many bets that win, and
# when only the highest does.
_COST_OF_SPREADING, _MOST_COST_OF_SPREADING = 1.5, 3.5


@dataclass(frozen=True, slots=True)
class RouteComparison:
    """A candidate beside the reference on the same images, each scored from 0 to 1.

    `difference` is the candidate's mean score less the reference's, `spread` the variance of that
    difference between images. `lost` and `gained` count the images on which the candidate did worse
    and better. `p_value` belongs to the hypothesis that it is worse by `margin` or more.
    """

    images: int
    lost: int
    gained: int
    difference: float
    spread: float
    margin: float
    p_value: float
    graded: bool

    def images_needed(self, error: float) -> int | None:
        """About how many images would do if they go on like these; None when more cannot help.

        With so many, the hypothesis is refuted at the level `error` four times out of five.
        """
        room = self.margin + self.difference
        if room <= 0:
            return None
        # Two conditions: differences must not drown the margin, and even a sample without any
        # difference says little when it is small.
        if self.graded:
            strength = 2 * (log(1 / error) + _COST_OF_SPREADING)
            at_border = max(self.spread, self.margin**2)
            without_any = (log(1 / error) + _MOST_COST_OF_SPREADING) / self.margin
        else:
            strength = NormalDist().inv_cdf(1 - error) ** 2
            at_border = max((self.lost + self.gained) / self.images, self.margin) - self.margin**2
            without_any = 1.05 * log(error) / log1p(-self.margin)
        reach = sqrt(strength * at_border) + NormalDist().inv_cdf(_POWER) * sqrt(self.spread)
        return ceil(max((reach / room) ** 2 + 1 / room, without_any))


def compare(
    reference: Sequence[float], candidate: Sequence[float], *, margin: float
) -> RouteComparison:
    """Both routes' scores of the same images, in the same order.

    Right or wrong is tested exactly, scores in between by betting; both hold in finite samples.
    """
    differences = [theirs - ours for ours, theirs in zip(reference, candidate, strict=True)]
    images = len(differences)
    lost = sum(one < 0 for one in differences)
    gained = sum(one > 0 for one in differences)
    mean = sum(differences) / max(images, 1)
    graded = any(one not in (-1, 0, 1) for one in differences)
    if graded:
        p_value = p_mean_at_most(-margin, differences, -1, 1)
    else:
        p_value = p_worse_by(margin, images=images, lost=lost, gained=gained)
    return RouteComparison(
        images=images,
        lost=lost,
        gained=gained,
        difference=mean,
        spread=sum((one - mean) ** 2 for one in differences) / max(images, 1),
        margin=margin,
        p_value=p_value,
        graded=graded,
    )
