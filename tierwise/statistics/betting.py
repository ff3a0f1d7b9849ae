"""A test of a mean of bounded numbers that holds for samples of any size and any distribution.

Nobody can expect to win by betting on numbers whose mean is too low. Whoever has multiplied the
stake by 20 nevertheless has reason, at 95 %, to believe that the mean is higher: Waudby-Smith and
Ramdas, "Estimating means of bounded random variables by betting", JRSS B 86 (2024). The stake is
spread over a grid of bets beforehand, so that the order of the numbers does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# From bets for the noisiest numbers and the smallest differences to nearly all that one has. More
# of the stake lies where hardly anything speaks against the bet, for that is when a sample can be
# small: it is spread by quantiles of the distribution of Kumaraswamy with 4/3 and 1/2.
_STAKES = 128
_BETS = (1 - (1 - (np.arange(_STAKES) + 0.5) / _STAKES) ** 2) ** 0.75


def p_mean_at_most(bound: float, values: Sequence[float], least: float, most: float) -> float:
    """The p-value of the hypothesis that the true mean is at most `bound`.

    Args:
        bound: the mean under the hypothesis.
        values: independent numbers.
        least: no value can be smaller.
        most: no value can be larger.
    """
    if bound >= most or not len(values):
        return 1.0
    if bound <= least:
        return float(max(values) <= least)
    return float(min(1.0, 1 / np.exp(_log_gains(np.asarray(values), bound, least)).mean()))


def best_bet(bound: float, values: Sequence[float], least: float) -> tuple[float, float]:
    """What the best of the bets gains by one value, as a logarithm: mean and standard deviation.

    The arguments are those of `p_mean_at_most`; `bound` is above `least`.
    """
    if not len(values):
        return 0.0, 0.0
    gains = (np.asarray(values) - bound) / (bound - least)
    logs = np.log1p(np.outer(_BETS, gains))
    best = int(logs.mean(axis=1).argmax())
    return float(logs[best].mean()), float(logs[best].std())


def _log_gains(values: NDArray[np.float64], bound: float, least: float) -> NDArray[np.float64]:
    """For each bet, the logarithm of what has become of the stake, kept within floats."""
    gains = (values - bound) / (bound - least)
    found, counts = np.unique(gains, return_counts=True)
    logs = np.log1p(np.outer(_BETS, found)) @ counts
    return np.asarray(np.minimum(logs, 700.0))
