"""Whether something is more frequent in one place than in another, from a sample of each."""

from __future__ import annotations

from math import exp, lgamma


def p_not_more_frequent(here: int, images: int, there: int, images_there: int) -> float:
    """The p-value of the hypothesis that the share here is no larger than there.

    The exact test of Fisher: given how many there are in both samples together, the chance that so
    many or more of them fall here. 1 where a sample is empty.

    >>> round(p_not_more_frequent(3, 4, 1, 4), 4)
    0.2429
    """
    together, both = here + there, images + images_there
    ways = _log_ways(both, together)
    return min(
        1.0,
        sum(
            exp(_log_ways(images, n) + _log_ways(images_there, together - n) - ways)
            for n in range(here, min(images, together) + 1)
        ),
    )


def _log_ways(whole: int, part: int) -> float:
    return lgamma(whole + 1) - lgamma(part + 1) - lgamma(whole - part + 1)
