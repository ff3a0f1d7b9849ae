"""Packs of eight: the request as the unit, or a pack of its own for each labelled picture.

    python -m bench.guarantee.packs

`requests` packs labelled pictures with each other, and counts each request once. `own packs` asks
each labelled picture among seven others of the archive that nobody has labelled, and counts it
alone: independent again. Both are asked until four of five calibrations accept at the first look.
Dollars are those of the requests at `low` by the rules of gemini-3.1-flash-lite: 8 x 266 tokens of
pictures and 100 of words in, 8 x 12 out, at $0.25 and $1.50 per million; labels are people's work.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from tierwise.statistics.non_inferiority import compare
from tierwise.statistics.paired import p_worse_by
from tierwise.statistics.spending import error_of_look

PACK, POWER = 8, 0.8
FIRST = error_of_look(0.05, 1)
USD_PER_REQUEST = ((PACK * 266 + 100) * 0.25 + PACK * 12 * 1.50) / 1e6

# The share of pictures lost: each on its own, and with the whole request.
ARCHIVES = {
    "nothing is lost": (0.0, 0.0),
    "1 % lost, each alone": (0.01, 0.0),
    "2 % lost, each alone": (0.02, 0.0),
    "1 % lost, whole requests": (0.0, 0.01),
    "2 % lost, whole requests": (0.0, 0.02),
}


def by_requests(margin: float, alone: float, whole: float, labels: int, times: int) -> float:
    """How often packs of labelled pictures are accepted."""
    random = np.random.default_rng(labels)
    requests = labels // PACK
    names = [str(image // PACK) for image in range(requests * PACK)]
    accepted = 0
    for _ in range(times):
        lost = (random.random((requests, PACK)) < alone) | (random.random((requests, 1)) < whole)
        theirs = (~lost).astype(float).ravel().tolist()
        found = compare([1.0] * len(theirs), theirs, margin=margin, units=names)
        accepted += found.p_value <= FIRST
    return accepted / times


def by_own_packs(margin: float, alone: float, whole: float, labels: int, times: int) -> float:
    """How often labelled pictures, each in a pack of its own, are accepted."""
    random = np.random.default_rng(labels)
    lost = random.binomial(labels, alone + whole - alone * whole, times)
    return float(np.mean([_exact(margin, labels, int(one)) <= FIRST for one in lost]))


@cache
def _exact(margin: float, images: int, lost: int) -> float:
    return p_worse_by(margin, images=images, lost=lost, gained=0)


def labels_needed(power_of: Callable[[int], float], step: int) -> int | None:
    """The least number of labels, in steps, from which on it is accepted so often."""
    labels = step
    while power_of(labels) < POWER:
        labels = max(labels + step, labels * 21 // 20 // step * step)
        if labels > 20_000:
            return None
    return labels


def main(times: int = 100) -> None:
    """Print what each way takes."""
    print(f"\nPacks of {PACK} at `low`: what it takes to be accepted {POWER:.0%} of the times")
    print(f"{'':26} margin  requests: labels  requests  USD      own packs: labels  requests  USD")
    for margin in (0.05, 0.02):
        for name, (alone, whole) in ARCHIVES.items():
            if alone + whole >= margin:
                continue

            def clustered(labels: int, at: tuple[float, ...] = (margin, alone, whole)) -> float:
                return by_requests(*at, labels, times)  # type: ignore[arg-type]

            def apart(labels: int, at: tuple[float, ...] = (margin, alone, whole)) -> float:
                return by_own_packs(*at, labels, 20 * times)  # type: ignore[arg-type]

            together, own = labels_needed(clustered, PACK), labels_needed(apart, 1)
            cells = [
                "-"
                if labels is None
                else f"{labels:8} {requests:9} {requests * USD_PER_REQUEST:8.4f}"
                for labels, requests in ((together, (together or 0) // PACK), (own, own or 0))
            ]
            print(f"{name:26} {margin:6}          {cells[0]}           {cells[1]}")


if __name__ == "__main__":
    main()
