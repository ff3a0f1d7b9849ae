"""How much of an error may be spent each time that growing data are looked at.

Whoever looks again after each few new labels is deceived more often than by one look. So all looks
share one error, and what each may spend is written down before the first: the first five sevenths,
all later ones together the rest. What they spend adds up to the whole error at most, so that the
chance of being deceived at any of them does too, however they depend on each other (Bonferroni; the
idea of spending is that of Lan and DeMets, Biometrika 70, 1983).
"""

from __future__ import annotations

_FIRST = 5 / 7


def error_of_look(error: float, look: int) -> float:
    """What the look of this number, from 1, may spend of an error that holds for all of them.

    The second has half of what the first leaves over, the third a sixth, the next a twelfth.

    >>> [round(error_of_look(0.05, look), 4) for look in (1, 2, 3, 4)]
    [0.0357, 0.0071, 0.0024, 0.0012]
    """
    return error * (_FIRST if look == 1 else (1 - _FIRST) / (look * (look - 1)))
