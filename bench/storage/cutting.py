"""How long listings are cut: requests, balance and estimate, over names that are only thought of.

python -m bench.storage.cutting [--names=1000000]
"""

from __future__ import annotations

import argparse
import random
from bisect import bisect_left
from collections.abc import Callable

from tierwise.storage.name_ranges import EVERY, FirstNames, NameRange, cut

_PAGE, _RANGES = 1000, 256


def archives(chance: random.Random) -> dict[str, Callable[[int], str]]:
    """Ways to name pictures."""
    return {
        "flat numbers": lambda n: f"photos/img_{n:08}.jpg",
        "by date": lambda n: (
            f"{chance.randrange(2005, 2026)}/{chance.randrange(1, 13):02}"
            f"/{chance.randrange(1, 29):02}/IMG_{n}.jpg"
        ),
        "digests": lambda n: f"{chance.getrandbits(128):032x}",
        "one crowded folder": lambda n: f"tiny/{n % 50}/{n}" if n % 200 == 0 else f"huge/{n:08}",
        "unequal folders": lambda n: f"user{int(chance.paretovariate(0.8)):06}/{n * 7919:x}",
    }


def show(label: str, names: list[str]) -> None:
    asked = [0]

    def held(within: NameRange) -> tuple[int, int]:
        start = bisect_left(names, within.start)
        return start, max(start, bisect_left(names, within.end) if within.end else len(names))

    def look(within: NameRange, most: int) -> FirstNames:
        asked[0] += 1
        start, end = held(within)
        return FirstNames(names[start : min(end, start + most)], end - start > most)

    found = cut(look, EVERY, ranges=_RANGES, page=_PAGE)
    sizes = [end - start for start, end in map(held, found.ranges)]
    print(
        f"{label:20} requests {asked[0]:5}  ranges {len(sizes):5}  "
        f"largest {max(sizes) / len(names):6.2%}  estimate {(found.names or 0) / len(names):.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=1_000_000)
    given = parser.parse_args()
    for label, name in archives(random.Random(7)).items():
        show(label, sorted({name(number) for number in range(given.names)}))


if __name__ == "__main__":
    main()
