"""Tails of the binomial distribution, by the incomplete beta function.

Written out, because numpy has no such function and the libraries that do are large.
"""

from __future__ import annotations

from math import exp, lgamma, log, log1p

_NEGLIGIBLE = 1e-15
_TINY = 1e-300


def at_most(successes: int, trials: int, share: float) -> float:
    """The probability of so many successes or fewer, each trial succeeding with this share.

    >>> round(at_most(0, 10, 0.5) * 2**10), at_most(10, 10, 0.5), at_most(-1, 10, 0.5)
    (1, 1.0, 0.0)
    """
    if successes < 0:
        return 0.0
    if successes >= trials or share <= 0:
        return 1.0
    return _incomplete_beta(trials - successes, successes + 1, 1 - share)


def at_least(successes: int, trials: int, share: float) -> float:
    """The probability of so many successes or more; exact where `1 - at_most` would cancel."""
    return at_most(trials - successes, trials, 1 - share)


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, to about 12 digits."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # where the fraction converges slowly, its mirror image does not
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    return front * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of DLMF 8.17.22, from front to back (modified Lentz)."""
    c, d = 1.0, 1 / _kept_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    step, change = 0, 0.0
    while abs(change - 1) > _NEGLIGIBLE * 10:
        step += 1
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for part in (even, odd):
            d = 1 / _kept_from_zero(1 + part * d)
            c = _kept_from_zero(1 + part / c)
            change = c * d
            value *= change
    return value


def _kept_from_zero(number: float) -> float:
    return number if abs(number) > _TINY else _TINY
