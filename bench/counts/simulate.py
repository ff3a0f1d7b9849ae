"""How often five ways to count a label cover the truth, and how long their intervals are.

    python -m bench.counts.simulate [--draws=200] [--scenarios=36] [--seed=1]

Each scenario is an archive: how many of its pictures have the label, how often the model is right
(its mistakes go to all other labels alike), how many pictures are labelled. Seeded.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from math import comb, sqrt
from random import Random
from statistics import NormalDist

import numpy as np

from tierwise.statistics.betting import p_mean_at_most
from tierwise.statistics.corrected_shares import Side, corrected_share
from tierwise.statistics.intervals import share_interval

SHARES = (0.002, 0.01, 0.05, 0.2, 0.6)
RIGHT = (0.55, 0.8, 0.95, 0.99)
LABELLED = (50, 150, 500)
PICTURES = (1_000, 10_000, 100_000)
LABELS = (2, 4, 12)
Z = NormalDist().inv_cdf(0.975)
# A way that covers 95 % would show less than this once in 10,000 scenarios.
RARE = 1e-4

Ends = tuple[float, float]


@dataclass(frozen=True)
class Scenario:
    """An archive, and how many of its pictures are labelled."""

    share: float
    right: float
    labelled: int
    pictures: int
    labels: int

    @property
    def kinds(self) -> tuple[int, int, int, int]:
        """Pictures by answer and truth: yes yes, yes no, no yes, no no."""
        having = max(1, round(self.share * self.pictures))
        found = round(having * self.right)
        mistaken = round((self.pictures - having) * (1 - self.right) / (self.labels - 1))
        return found, mistaken, having - found, self.pictures - having - mistaken


def alone(one: Side, other: Side) -> Ends:
    """The labelled pictures alone, by Clopper and Pearson."""
    return _clopper_pearson(one.having + other.having, one.labelled + other.labelled)


@cache
def _clopper_pearson(having: int, labelled: int) -> Ends:
    interval = share_interval(having, labelled)
    return interval.low, interval.high


def corrected(one: Side, other: Side) -> Ends:
    """The way that tierwise takes."""
    found = corrected_share(one, other)
    return found.low, found.high


def wilson(one: Side, other: Side) -> Ends:
    """Post-stratified, with Wilson's limits joined: what the exact way is built on."""
    size, share, down, up = one.size + other.size, 0.0, 0.0, 0.0
    for side in (one, other):
        weight, n = side.size / size, max(side.labelled, 1)
        p = side.having / n if side.labelled else 0.5
        middle, half = p + Z * Z / 2 / n, Z * sqrt(p * (1 - p) / n + Z * Z / 4 / n / n)
        scale = 1 + Z * Z / n
        share += weight * p
        down += (weight * (p - (middle - half) / scale)) ** 2
        up += (weight * ((middle + half) / scale - p)) ** 2
    return share - sqrt(down), share + sqrt(up)


def ppi(one: Side, other: Side) -> Ends:
    """PPI++: the tuned lambda, and a normal interval."""
    n, size = one.labelled + other.labelled, one.size + other.size
    y, f = (one.having + other.having) / n, one.labelled / n
    covariance, variance = one.having / n - y * f, f * (1 - f)
    tuned = covariance / variance / (1 + n / size) if variance else 0.0
    weight = one.size / size
    share = y - tuned * (f - weight)
    left = y * (1 - y) - 2 * tuned * covariance + tuned**2 * variance
    spread = left / n + tuned**2 * weight * (1 - weight) / size
    reach = Z * sqrt(max(spread, 0.0))
    return share - reach, share + reach


def betting(one: Side, other: Side) -> Ends:
    """A bet on label less answer, whose mean is the share less that of the answers."""
    weight = one.size / (one.size + other.size)
    values = [0.0] * (one.having + other.labelled - other.having)
    values += [-1.0] * (one.labelled - one.having) + [1.0] * other.having
    ends = [_highest(values), -_highest([-value for value in values])]
    return max(weight + ends[1], 0.0), min(weight + ends[0], 1.0)


def _highest(values: list[float]) -> float:
    low, high = -1.0, 1.0
    mirrored = [-value for value in values]
    for _ in range(20):
        middle = (low + high) / 2
        if p_mean_at_most(-middle, mirrored, -1, 1) > 0.025:
            low = middle
        else:
            high = middle
    return high


WAYS: dict[str, Callable[[Side, Side], Ends]] = {
    "labels alone": alone,
    "corrected": corrected,
    "Wilson": wilson,
    "PPI++": ppi,
    "betting": betting,
}


def simulate(scenario: Scenario, draws: int, seed: int) -> dict[str, tuple[float, float]]:
    """For each way, how often it covers, and its mean length as a share of that of labels alone."""
    found, mistaken, missed, rest = scenario.kinds
    truth = (found + missed) / scenario.pictures
    drawn = np.random.default_rng(seed).multivariate_hypergeometric(
        scenario.kinds, scenario.labelled, size=draws
    )
    samples = [
        (Side(found + mistaken, a + b, a), Side(missed + rest, c + d, c))
        for a, b, c, d in drawn.tolist()
    ]
    shown: dict[str, tuple[float, float]] = {}
    by_labels = 0.0
    for name, way in WAYS.items():
        known = lru_cache(maxsize=None)(way)
        ends = [known(*sample) for sample in samples]
        covered = sum(low - 1e-9 <= truth <= high + 1e-9 for low, high in ends) / draws
        length = sum(min(high, 1) - max(low, 0) for low, high in ends) / draws
        by_labels = by_labels or length
        shown[name] = covered, length / by_labels
    return shown


def chosen(count: int, seed: int) -> Iterator[Scenario]:
    """So many scenarios of the grid, at random."""
    grid = list(product(SHARES, RIGHT, LABELLED, PICTURES, LABELS))
    Random(seed).shuffle(grid)
    yield from (Scenario(*one) for one in sorted(grid[:count]))


def least_covered(draws: int) -> float:
    """A way that covers 95 % shows less than this in one of 10,000 scenarios."""
    total = 0.0
    for covered in range(draws + 1):
        total += comb(draws, covered) * 0.95**covered * 0.05 ** (draws - covered)
        if total > RARE:
            return covered / draws
    return 1.0


def main() -> int:
    """Print each scenario; fails where the corrected way covers too little, or is long."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--scenarios", type=int, default=36)
    parser.add_argument("--seed", type=int, default=1)
    flags = parser.parse_args()
    bound, wrong = least_covered(flags.draws), 0
    print("share right labelled pictures labels | coverage, and length beside that of labels alone")
    print(" " * 37 + "| " + " | ".join(f"{name:>13}" for name in WAYS))
    worst = dict.fromkeys(WAYS, (1.0, 0.0))
    for one in chosen(flags.scenarios, flags.seed):
        shown = simulate(one, flags.draws, flags.seed)
        cells = " | ".join(f"{covers:6.1%} {length:6.2f}" for covers, length in shown.values())
        said = f"{one.share:5} {one.right:5} {one.labelled:8} {one.pictures:8} {one.labels:6}"
        print(f"{said} | {cells}", flush=True)
        for name, (covers, length) in shown.items():
            worst[name] = min(worst[name][0], covers), max(worst[name][1], length)
        covers, length = shown["corrected"]
        wrong += covers < bound or length > 1.005
    cells = " | ".join(f"{covers:6.1%} {length:6.2f}" for covers, length in worst.values())
    print(f"{'worst':<36} | {cells}")
    print(f"covered less than {bound:.1%}, or longer than labels alone: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
