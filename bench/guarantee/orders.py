"""What orders and procedures save, where the same error is kept: `-m bench.guarantee.orders`.

For kinds of archives, each a share that every candidate loses, the mean cost of the route that a
calibration ends with. `fixed` is what is used: one order, each at the whole error, up to the first
that fails. `cheapest last` is the same by price alone. `fallback` (Wiens, Pharmaceutical Statistics
2, 2003) gives each candidate a part of the error by what it would save, and what was not used up
goes to the next: a failure blocks nobody. `chains` gives each kind of packing a part, in an order
of its own, and `holm` all candidates the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from tierwise.statistics.non_inferiority import compare, least_units
from tierwise.statistics.paired import p_worse_by
from tierwise.statistics.sequence import refuted_in_order
from tierwise.statistics.spending import error_of_look

MARGIN = 0.05
FIRST = error_of_look(0.05, 1)
HIGH = 0.2732


@dataclass(frozen=True)
class Candidate:
    """What 1000 pictures cost in USD, emulated (docs/calibration.md), and pictures per request."""

    usd: float
    together: int = 1


# In the order in which they are tested.
CANDIDATES: Mapping[str, Candidate] = {
    "medium": Candidate(0.1400),
    "medium+together": Candidate(0.0835),
    "low": Candidate(0.0716),
    "low+together": Candidate(0.0493),
    "medium-s4": Candidate(0.0450, 4),
    "low-s4": Candidate(0.0317, 4),
    "high-x8": Candidate(0.2600, 8),
    "medium-x8": Candidate(0.1300, 8),
    "low-x8": Candidate(0.0600, 8),
}

# What share of the pictures each loses.
ARCHIVES: Mapping[str, Callable[[str], float]] = {
    "nothing is lost": lambda _: 0.0,
    "one in a hundred, everywhere": lambda _: 0.01,
    "low lacks detail, sheets more": lambda name: {
        "low": 0.1, "low+together": 0.1, "low-x8": 0.1, "medium-s4": 0.12, "low-s4": 0.3
    }.get(name, 0.0),
    "sheets lack detail": lambda name: 0.12 if "-s4" in name else 0.0,
    "questions spoil each other": lambda name: 0.1 if "together" in name else 0.0,
    "packs are mixed up": lambda name: 0.1 if "-x8" in name else 0.0,
    "medium lacks detail": lambda name: 0.0 if name == "high-x8" else 0.1,
}  # fmt: skip

Procedure = Callable[[Mapping[str, float], Mapping[str, int]], list[str]]


def fixed(p_values: Mapping[str, float], units: Mapping[str, int]) -> list[str]:
    """What is used: those of too few units to show anything are passed over."""
    able = [name for name in CANDIDATES if units[name] >= least_units(MARGIN, FIRST, graded=True)]
    return refuted_in_order(able, p_values, FIRST)


def cheapest_last(p_values: Mapping[str, float], units: Mapping[str, int]) -> list[str]:
    """One order by price alone."""
    able = [name for name in CANDIDATES if units[name] >= least_units(MARGIN, FIRST, graded=True)]
    return refuted_in_order(sorted(able, key=lambda n: -CANDIDATES[n].usd), p_values, FIRST)


def fallback(p_values: Mapping[str, float], units: Mapping[str, int]) -> list[str]:
    """Parts of the error by savings; a refuted one hands its part on."""
    able = [name for name in CANDIDATES if units[name] >= least_units(MARGIN, FIRST, graded=True)]
    savings = {name: HIGH - CANDIDATES[name].usd for name in able}
    found, carried = [], 0.0
    for name in able:
        carried += FIRST * savings[name] / sum(savings.values())
        if p_values[name] <= carried:
            found.append(name)
        else:
            carried = 0.0
    return found


def chains(p_values: Mapping[str, float], units: Mapping[str, int]) -> list[str]:
    """The error shared out among four chains; what a finished one has left goes to the others."""
    del units
    waiting = [
        ["medium", "low"], ["medium+together", "low+together"], ["medium-s4", "low-s4"],
        ["high-x8", "medium-x8", "low-x8"],
    ]  # fmt: skip
    found: list[str] = []
    while ready := [one for one in waiting if p_values[one[0]] <= FIRST / len(waiting)]:
        found += [one.pop(0) for one in ready]
        waiting = [one for one in waiting if one]
    return found


def holm(p_values: Mapping[str, float], units: Mapping[str, int]) -> list[str]:
    """Each by itself."""
    del units
    ordered = sorted(p_values, key=lambda name: p_values[name])
    found = []
    for rank, name in enumerate(ordered):
        if p_values[name] > FIRST / (len(ordered) - rank):
            break
        found.append(name)
    return found


PROCEDURES: Sequence[Procedure] = (fixed, cheapest_last, fallback, chains, holm)


def costs(archive: str, images: int, times: int, seed: int = 5) -> dict[str, float]:
    """By procedure the mean cost of the route that is chosen, in USD per 1000 pictures."""
    random = np.random.default_rng([seed, images])
    spent = dict.fromkeys((one.__name__ for one in PROCEDURES), 0.0)
    for _ in range(times):
        hard = random.random(images)  # the same pictures are hard for all
        p_values, units = {}, {}
        for name, one in CANDIDATES.items():
            share = ARCHIVES[archive](name)
            units[name] = -(-images // one.together)
            if one.together == 1:
                p_values[name] = _exact(images, int((hard < share).sum()))
            else:
                theirs = (hard >= share).astype(float).tolist()
                names = [str(image // one.together) for image in range(images)]
                found = compare([1.0] * images, theirs, margin=MARGIN, units=names)
                p_values[name] = found.p_value
        for procedure in PROCEDURES:
            accepted = procedure(p_values, units)
            usd = min((CANDIDATES[name].usd for name in accepted), default=HIGH)
            spent[procedure.__name__] += usd / times
    return spent


@cache
def _exact(images: int, lost: int) -> float:
    return p_worse_by(MARGIN, images=images, lost=lost, gained=0)


def main(times: int = 100) -> None:
    """Print the table."""
    names = [one.__name__ for one in PROCEDURES]
    print(f"\nUSD per 1000 pictures at the route chosen, high being {HIGH}; {times} samples each")
    print(f"{'archive':32} {'images':>6} " + " ".join(f"{name:>13}" for name in names))
    total = dict.fromkeys(names, 0.0)
    sizes = (70, 100, 200, 400, 800)
    for archive in ARCHIVES:
        for images in sizes:
            spent = costs(archive, images, times)
            print(f"{archive:32} {images:6} " + " ".join(f"{spent[n]:13.4f}" for n in names))
            for name in names:
                total[name] += spent[name] / len(ARCHIVES) / len(sizes)
    print(f"{'mean':32} {'':6} " + " ".join(f"{total[name]:13.4f}" for name in names))


if __name__ == "__main__":
    main()
