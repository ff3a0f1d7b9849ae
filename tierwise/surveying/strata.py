"""Which files of an archive are looked at: some of every ending and size, most where most depends.

What files with pages cost differs by as much as their sizes do. So of any kind of which there are
few, large ones among many small ones say, all are looked at, and of the others some at random.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from tierwise.storage.listing import Named

# Files of which every page is an image, and those whose frames may be.
_PAGED = frozenset({"pdf", "tif", "tiff"})
_MOVING = frozenset({"gif", "webp", "png", "apng", "avif"})
# Beside so many common endings the others count as one: names may end in numbers.
_MOST_ENDINGS = 20
# Of every stratum so many are looked at if half the sample allows it, and never fewer than two.
_LEAST = (10, 5)
_FEWEST = 2
# What files differ by, in images: of one, some are broken, and shapes differ; pages take some bytes
# each, and files of unknown size may have some.
_ONE_IMAGE = 0.3
_PAGE_BYTES = 100_000
_UNKNOWN_PAGES = 30
_MOST_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Drawn:
    """Names of one kind and about one size, and those of them that are to be looked at."""

    kind: str
    names: tuple[Named, ...]
    chosen: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class _File:
    named: Named
    ending: str
    bytes: int
    pages: float

    @property
    def magnitude(self) -> int:
        """Files of one are at most four times as large as each other; 0 where it is not known."""
        return (self.bytes.bit_length() + 1) // 2


def drawn_strata(
    names: Sequence[Named],
    sizes: Mapping[str, int],
    sample: int,
    rng: random.Random,
    *,
    frames: str | int = "first",
) -> list[Drawn]:
    """All names by strata, `sample` of them chosen, or all where there are no more.

    `sizes` are bytes by URI, 0 where they are not known; `frames` is which of an animation are
    images.
    """
    paged = _PAGED if frames == "first" else _PAGED | _MOVING
    strata = _strata([_file(name, sizes[name.uri], paged) for name in names], sample)
    counts = _allocated(list(strata.values()), sample)
    return [
        Drawn(
            str(kind),
            tuple(file.named for file in files),
            tuple(file.named for file in rng.sample(files, count)),
        )
        for ((kind, *_), files), count in zip(strata.items(), counts, strict=True)
    ]


def _file(named: Named, size: int, paged: frozenset[str]) -> _File:
    _, dot, ending = named.uri.rpartition("/")[2].rpartition(".")
    ending = ending.lower() if dot else ""
    pages = 0.0
    if ending in paged:
        pages = min(_MOST_PAGES, size / _PAGE_BYTES) if size else _UNKNOWN_PAGES
    return _File(named, ending, size, pages)


def _strata(files: Sequence[_File], sample: int) -> dict[tuple[Hashable, ...], list[_File]]:
    """By ending and size, or by less where the sample is too small for two files of each."""
    common = {name for name, _ in Counter(one.ending for one in files).most_common(_MOST_ENDINGS)}
    keys: tuple[Callable[[_File], tuple[Hashable, ...]], ...] = (
        lambda one: (one.ending if one.pages or one.ending in common else "", one.magnitude),
        lambda one: (one.pages > 0, one.magnitude),
        lambda one: (one.pages > 0,),
        lambda _: ("",),
    )
    strata: dict[tuple[Hashable, ...], list[_File]] = {}
    for key in keys:
        strata = defaultdict(list)
        for one in files:
            strata[key(one)].append(one)
        if _sum(_FEWEST, map(len, strata.values())) <= sample:
            break
    return strata


def _allocated(strata: Sequence[Sequence[_File]], sample: int) -> list[int]:
    """How many files of each are looked at: at least some, and the more the more depends on them.

    That is how many there are, times how far they differ (Neyman's rule).
    """
    sizes = [len(files) for files in strata]
    some = (least for least in _LEAST if _sum(least, sizes) <= sample / 2)
    least = next(some, min(_FEWEST, sample))
    counts = [min(least, size) for size in sizes]
    differ = [sum(_ONE_IMAGE + one.pages for one in files) for files in strata]
    queue = [(-differ[one] / (counts[one] + 1), one) for one in range(len(strata))]
    heapify(queue)
    left = sample - sum(counts)
    while queue and left > 0:
        _, place = heappop(queue)
        if counts[place] < sizes[place]:
            counts[place] += 1
            left -= 1
            heappush(queue, (-differ[place] / (counts[place] + 1), place))
    return counts


def _sum(most: int, sizes: Iterable[int]) -> int:
    """How many files there are with so many of each stratum at most."""
    return sum(min(most, size) for size in sizes)
