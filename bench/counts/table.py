"""How long the interval of a share is, by labels and by how often the model is right.

    python -m bench.counts.table

The table of docs/counts.md: half the mean length of the interval, seeded.
"""

from __future__ import annotations

import numpy as np

from bench.counts.simulate import Scenario, alone, corrected
from tierwise.statistics.corrected_shares import Side

SHARE, PICTURES, LABELS, DRAWS = 0.05, 100_000, 4, 60


def half_length(right: float, labelled: int, *, by_labels: bool = False) -> float:
    """Half the mean length of the interval."""
    found, mistaken, missed, rest = Scenario(SHARE, right, labelled, PICTURES, LABELS).kinds
    drawn = np.random.default_rng(labelled).multivariate_hypergeometric(
        [found, mistaken, missed, rest], labelled, size=DRAWS
    )
    way = alone if by_labels else corrected
    total = 0.0
    for a, b, c, d in drawn.tolist():
        low, high = way(Side(found + mistaken, a + b, a), Side(missed + rest, c + d, c))
        total += high - low
    return total / DRAWS / 2


def main() -> None:
    """Print the rows."""
    for labelled in (100, 200, 400, 800):
        lengths = [half_length(0.8, labelled, by_labels=True)]
        lengths += [half_length(right, labelled) for right in (0.8, 0.95, 0.99)]
        print(f"| {labelled} | " + " | ".join(f"± {one:.1%}" for one in lengths) + " |")


if __name__ == "__main__":
    main()
