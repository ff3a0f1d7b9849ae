"""How many labelled units it takes to accept a route at the first look: `-m bench.guarantee.reach`.

By the test that decides, not by a formula: the least number from which on it accepts, if so many
units were lost and gained. `single` is one exact test at 0.05, as if there were one route and one
look; `graded` are scores between 0 and 1, or units of several images, of which each lost one has
lost everything.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from tierwise.statistics.non_inferiority import compare
from tierwise.statistics.paired import p_worse_by
from tierwise.statistics.spending import error_of_look

ERROR = 0.05
MARGINS = (0.05, 0.02)
SAMPLES = ((0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (1, 1), (3, 2))


def exact(margin: float, lost: int, gained: int, error: float) -> int:
    """Of single images, right or wrong."""
    return _first(
        lambda n: p_worse_by(margin, images=n, lost=lost, gained=gained) <= error, lost + gained
    )


def graded(margin: float, lost: int, gained: int, error: float) -> int:
    """Of units of two images each."""

    def accepted(units: int) -> bool:
        ours = [1.0] * lost * 2 + [0.0] * gained * 2 + [1.0] * (units - lost - gained) * 2
        theirs = [0.0] * lost * 2 + [1.0] * gained * 2 + [1.0] * (units - lost - gained) * 2
        names = [str(image // 2) for image in range(2 * units)]
        return compare(ours, theirs, margin=margin, units=names).p_value <= error

    return _first(accepted, lost + gained)


def _first(accepted: Callable[[int], bool], least: int) -> int:
    """By tens, then by ones; acceptance is monotone but for a unit or two."""
    tens = next(n for n in count(max(least, 10), 10) if accepted(n))
    return next(n for n in range(max(tens - 10, least, 1), tens + 1) if accepted(n))


def main() -> None:
    """Print the table, and refuse figures beyond what was promised."""
    first = error_of_look(ERROR, 1)
    print("Units at the first look, default routes (all of them, nothing is split)")
    print("margin  lost/gained  single  exact  ratio  graded  ratio")
    for margin in MARGINS:
        for lost, gained in SAMPLES:
            single = exact(margin, lost, gained, ERROR)
            now, scores = (way(margin, lost, gained, first) for way in (exact, graded))
            print(
                f"{margin:6} {lost:6}/{gained:<6} {single:6} {now:6} {now / single:6.2f} "
                f"{scores:7} {scores / single:6.2f}"
            )
            if not gained and (now > 1.15 * single or scores > 1.5 * single):
                raise SystemExit("beyond 1.15 or 1.5 times the single test")
    if [exact(margin, 0, 0, first) for margin in MARGINS] != [65, 165]:
        raise SystemExit("it takes more than 65 and 165")


if __name__ == "__main__":
    main()
