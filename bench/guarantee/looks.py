"""How often a route at the margin is accepted at any of twenty looks: `-m bench.guarantee.looks`.

Labels grow from look to look: by fifty, by half, by as many as the command has said it would take,
or by whatever an adversary makes of what was seen: few more when the last look was close, many when
it was not. `each at 0.05` is what happens where looks are not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from bench.guarantee.bounds import at_most
from tierwise.statistics.non_inferiority import RouteComparison, compare, least_units
from tierwise.statistics.paired import p_worse_by, score
from tierwise.statistics.spending import error_of_look

ERROR, MARGIN, LOOKS, MOST = 0.05, 0.05, 20, 3_000


@dataclass(frozen=True)
class Seen:
    """What the last look, of this number, has shown of so many images."""

    look: int
    images: int
    lost: int
    gained: int

    @property
    def p_value(self) -> float:
        """Of the hypothesis that the route is as bad as the margin."""
        return _exact(self.images, self.lost, self.gained)

    @property
    def needed(self) -> int | None:
        """What the command would say."""
        difference = (self.gained - self.lost) / self.images
        disagreeing = (self.gained + self.lost) / self.images
        told = RouteComparison(
            self.images,
            self.lost,
            self.gained,
            difference,
            disagreeing - difference**2,
            MARGIN,
            self.p_value,
            graded=False,
            units=self.images,
        )
        return told.units_needed(error_of_look(ERROR, self.look + 1))


def by_fifty(seen: Seen) -> int:
    """As many more each time."""
    return seen.images + 50


def by_half(seen: Seen) -> int:
    """Half as many again."""
    return seen.images * 3 // 2


def as_told(seen: Seen) -> int:
    """As many as it would take, by what the command says."""
    return max(seen.needed or seen.images * 2, seen.images + 10)


def greedy(seen: Seen) -> int:
    """Few more where the next look might be passed by luck, many where it is far."""
    close = seen.p_value <= 4 * error_of_look(ERROR, seen.look + 1)
    return seen.images + (8 if close else 200)


def wrongly(
    grow: Callable[[Seen], int],
    lost: float,
    gained: float,
    times: int,
    *,
    counted: bool = True,
    seed: int = 7,
) -> float:
    """The share of archives in which the route is accepted at some look."""
    random = np.random.default_rng(seed)
    deceived = 0
    for _ in range(times):
        drawn = random.random(MOST)
        losses, gains = np.cumsum(drawn < lost), np.cumsum(drawn > 1 - gained)
        images = least_units(MARGIN, error_of_look(ERROR, 1))
        for look in range(1, LOOKS + 1):
            seen = Seen(look, images, int(losses[images - 1]), int(gains[images - 1]))
            if seen.p_value <= (error_of_look(ERROR, look) if counted else ERROR):
                deceived += 1
                break
            images = grow(seen)
            if images > MOST:
                break
    return deceived / times


def wrongly_graded(times: int, seed: int = 11) -> float:
    """The same for scores between 0 and 1, by betting, at labels that grow by half."""
    random = np.random.default_rng(seed)
    deceived = 0
    for _ in range(times):
        lost = -np.where(random.random(MOST) < 2 * MARGIN, random.choice([0.25, 0.75], MOST), 0.0)
        images = least_units(MARGIN, error_of_look(ERROR, 1))
        for look in range(1, LOOKS + 1):
            theirs = (1 + lost[:images]).tolist()
            found = compare([1.0] * images, theirs, margin=MARGIN, whole=False)
            if found.p_value <= error_of_look(ERROR, look):
                deceived += 1
                break
            images = images * 3 // 2
            if images > MOST:
                break
    return deceived / times


@cache
def _exact(images: int, lost: int, gained: int) -> float:
    # Less than 1.3 standard deviations from the border there is nothing to spend, nor to compute.
    if score(MARGIN, images, np.array(lost), np.array(gained)) < 1.3:
        return 1.0
    return p_worse_by(MARGIN, images=images, lost=lost, gained=gained)


def main(times: int = 1_000) -> None:
    """Print the table, and refuse any share above the error by more than chance explains."""
    print(
        f"\nWrongly accepted at any of up to {LOOKS} looks, margin {MARGIN}, {times} archives each"
    )
    print("labels grow  lost  gained  counted  each at 0.05")
    for grow in (by_fifty, by_half, as_told, greedy):
        for lost, gained in ((MARGIN, 0.0), (0.12, 0.07)):
            counted = wrongly(grow, lost, gained, times)
            not_counted = wrongly(grow, lost, gained, times, counted=False)
            print(f"{grow.__name__:11} {lost:5} {gained:7} {counted:8.3f} {not_counted:13.3f}")
            at_most(ERROR, counted, times)
    graded = wrongly_graded(times)
    print(f"scores between 0 and 1, by half: {graded:.3f}")
    at_most(ERROR, graded, times)


if __name__ == "__main__":
    main()
