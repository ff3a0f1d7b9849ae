"""How often a route at the margin is accepted where images fail together.

    python -m bench.guarantee.units

Every archive is exactly as bad as the margin, so that every acceptance is wrong. `by image` is the
test that takes images for independent, `by unit` the one that is used. Accepted at 0.05, the error
of all looks together, which is more than a first look may spend.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bench.guarantee.bounds import at_most
from tierwise.statistics.non_inferiority import compare
from tierwise.statistics.paired import p_worse_by

ERROR, MARGIN = 0.05, 0.05

# For each image its difference, and the unit that it belongs to.
Drawn = tuple[NDArray[np.float64], NDArray[np.int64]]


def packs(random: np.random.Generator, units: int) -> Drawn:
    """Requests of eight of which one in twenty is spoiled as a whole."""
    spoiled = random.random(units) < MARGIN
    return -np.repeat(spoiled, 8).astype(float), np.repeat(np.arange(units), 8)


def half_packs(random: np.random.Generator, units: int) -> Drawn:
    """Requests of eight of which one in ten has two neighbours of four mistaken for each other."""
    lost = np.zeros((units, 8))
    lost[random.random(units) < 2 * MARGIN, :4] = -1
    return lost.ravel(), np.repeat(np.arange(units), 8)


def sheets(random: np.random.Generator, units: int) -> Drawn:
    """Contact sheets of four, half of whose losses come alone and half with the whole sheet."""
    alone = random.random((units, 4)) < MARGIN / 2
    whole = random.random((units, 1)) < MARGIN / 2 / (1 - MARGIN / 2)
    return -(alone | whole).astype(float).ravel(), np.repeat(np.arange(units), 4)


def pages(random: np.random.Generator, units: int) -> Drawn:
    """Files of one to twenty pages; a file that is hard is so on every page."""
    each = random.integers(1, 21, units)
    hard = random.random(units) < MARGIN
    return -np.repeat(hard, each).astype(float), np.repeat(np.arange(units), each)


def singles(random: np.random.Generator, units: int) -> Drawn:
    """Images that fail each on its own, for comparison."""
    return -(random.random(units) < MARGIN).astype(float), np.arange(units)


@dataclass(frozen=True)
class Wrong:
    """Shares of archives in which the route was accepted."""

    by_image: float
    by_unit: float


def wrongly(
    draw: Callable[[np.random.Generator, int], Drawn], units: int, times: int, seed: int = 18
) -> Wrong:
    """Draw so many samples of so many units, and count."""
    random = np.random.default_rng([seed, units])
    by_image = by_unit = 0
    for _ in range(times):
        lost, names = draw(random, units)
        by_image += _exact(len(lost), int(-lost.sum())) <= ERROR
        found = compare(
            [1.0] * len(lost), (1 + lost).tolist(), margin=MARGIN, units=names.astype(str).tolist()
        )
        by_unit += found.p_value <= ERROR
    return Wrong(by_image / times, by_unit / times)


@cache
def _exact(images: int, lost: int) -> float:
    return p_worse_by(MARGIN, images=images, lost=lost, gained=0)


def main(times: int = 2_000) -> None:
    """Print the table, and refuse any share above the error by more than chance explains."""
    print(f"\nWrongly accepted at {ERROR}, margin {MARGIN}, of {times} samples each")
    print("what fails together  units  by image  by unit")
    for draw in (singles, sheets, half_packs, packs, pages):
        for units in (64, 128, 256, 512):
            wrong = wrongly(draw, units, times)
            print(f"{draw.__name__:19} {units:6} {wrong.by_image:9.3f} {wrong.by_unit:8.3f}")
            at_most(ERROR, wrong.by_unit, times)


if __name__ == "__main__":
    main()
