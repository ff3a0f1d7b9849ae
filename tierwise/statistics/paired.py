"""Is one way at most a margin worse than another, on images that both have answered?

Of n images, the candidate has lost some that the reference had right and gained some that it had
wrong; on all others they agree. The hypothesis to refute is that in the archive the share lost
exceeds the share gained by `margin` or more.

The test is exact and unconditional: the p-value is the largest probability, over all archives
that the hypothesis allows, of a sample that speaks against it at least as strongly. Samples are
ordered by the score statistic (Tango, Statistics in Medicine 17, 1998; exact by Hsueh, Liu and
Chen, Biometrics 57, 2001). How often the two disagree in the archive is not known; it is searched
only where the sample leaves it likely, and what that may miss is added (Berger and Boos, JASA 89,
1994).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import ceil, log

import numpy as np
from numpy.typing import NDArray

from tierwise.statistics.binomial import at_least, at_most
from tierwise.statistics.intervals import share_interval

# The chance, added to every p-value, that disagreement lies outside the interval that is searched.
_MISSED = 1e-5
# The chance of a count beyond each of the four borders within which samples are summed up.
_OUTSIDE = 1e-9
# Cells into which disagreement is cut, in margins: the first, how much each is wider than the one
# before, and the widest. Where nothing was lost the first ones decide, else finer gains little.
_FIRST_CELL, _WIDENING, _WIDEST_CELL = 1 / 5000, 1.25, 1 / 50

Numbers = NDArray[np.float64]


@lru_cache(maxsize=4096)
def p_worse_by(margin: float, *, images: int, lost: int, gained: int) -> float:
    """The p-value of the hypothesis that the candidate is worse by `margin` or more.

    Args:
        margin: a difference of accuracies, above 0 and below 1.
        images: all that both have answered.
        lost: those that only the reference had right.
        gained: those that only the candidate had right.
    """
    if images == 0:
        return 1.0
    searched = share_interval(lost + gained, images, 1 - _MISSED)
    low, high = max(searched.low, margin), searched.high
    if high <= low:  # such an archive would disagree more often than this sample does
        return _MISSED
    edges = _edges(low, high, margin)
    # Fewer are lost at the near end of a cell, more are gained at its far end. Taken together, they
    # bound the chances of the whole cell, so that nothing is missed between the points of a grid.
    shares_lost = (edges[:-1] + margin) / 2
    shares_gained = np.maximum((edges[1:] - margin) / 2, 1e-300)
    highest = _highest_chance(
        *_as_strong(
            _likely(images, shares_lost),
            _likely(images, shares_gained),
            lambda a, b: score(margin, images, a, b),
            least=float(score(margin, images, np.array(lost), np.array(gained))),
        ),
        images,
        shares_lost,
        shares_gained,
    )
    return min(1.0, highest + _MISSED + 4 * _OUTSIDE)


def _edges(low: float, high: float, margin: float) -> Numbers:
    """Ends of the cells into which disagreement from `low` to `high` is cut, narrow ones first."""
    narrow = ceil(log(_WIDEST_CELL / _FIRST_CELL) / log(_WIDENING))
    widths = margin * _FIRST_CELL * _WIDENING ** np.arange(narrow)
    begun = low + np.concatenate([[0.0], np.cumsum(widths)])
    if begun[-1] >= high:
        return np.append(begun[begun < high], high)
    rest = ceil((high - begun[-1]) / margin / _WIDEST_CELL)
    return np.concatenate([begun, np.linspace(begun[-1], high, rest + 1)[1:]])


def score(margin: float, images: int, lost: Numbers, gained: Numbers) -> Numbers:
    """How strongly samples speak against the hypothesis, in standard deviations at its border.

    Never stronger with more lost, never weaker with more gained: so the border is the worst case.
    """
    # The share gained that is likeliest at the border: the root of a quadratic equation.
    linear = (lost + gained) * (1 - margin) + 2 * margin * (lost - images)
    root = np.sqrt(linear**2 + 8 * images * gained * margin * (1 - margin))
    likeliest = (linear + root) / (4 * images)
    variance = images * (2 * likeliest + margin * (1 - margin))
    return np.asarray((images * margin - lost + gained) / np.sqrt(variance))


def _likely(images: int, shares: Numbers) -> Numbers:
    """The counts that these ascending shares bring about, but for `_OUTSIDE` at both ends."""
    low = _first(images, lambda n: at_most(n, images, float(shares[0])) >= _OUTSIDE)
    high = _first(images, lambda n: at_least(n + 1, images, float(shares[-1])) <= _OUTSIDE)
    return np.arange(low, high + 1, dtype=np.float64)


def _first(most: int, reached: Callable[[int], bool]) -> int:
    """The first whole number at which a condition holds that holds from there on."""
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle + 1, high)
    return low


def _as_strong(
    lost: Numbers,
    gained: Numbers,
    strength: Callable[[Numbers, Numbers], Numbers],
    *,
    least: float,
) -> tuple[Numbers, Numbers]:
    """The samples that speak at least so strongly, as counts lost and counts gained."""
    losses, gains = (axis.ravel() for axis in np.meshgrid(lost, gained, indexing="ij"))
    kept = strength(losses, gains) >= least - 1e-9  # rounding must not leave out the sample itself
    return losses[kept], gains[kept]


def _highest_chance(
    lost: Numbers, gained: Numbers, images: int, shares_lost: Numbers, shares_gained: Numbers
) -> float:
    """The chance of all these samples together, for the pair of shares for which it is highest."""
    possible = lost + gained <= images
    lost, gained = lost[possible], gained[possible]
    same = images - lost - gained
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, images + 1)))])
    ways = logs[images] - sum(logs[counts.astype(int)] for counts in (lost, gained, same))
    return max(
        float(np.exp(ways + lost * log_lost + gained * log_gained + same * log_same).sum())
        for log_lost, log_gained, log_same in zip(
            np.log(shares_lost),
            np.log(shares_gained),
            np.log1p(-shares_lost - shares_gained),
            strict=True,
        )
    )
