"""Which pictures look so alike that one answer serves both, by the distance of their hashes.

A leader is asked, and those that look like it follow. No follower leads anybody, so that nobody is
further from the picture whose answer it gets than the distance that was allowed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tierwise.statistics.intervals import share_interval

BITS = 64


@dataclass(frozen=True, slots=True)
class NearAudit:
    """Pairs of pictures that look alike and were both asked, and how many were answered otherwise.

    Totals of it can be added in any order.
    """

    pairs: int = 0
    differing: int = 0

    def __add__(self, other: NearAudit) -> NearAudit:
        return NearAudit(self.pairs + other.pairs, self.differing + other.differing)

    def facts(self) -> dict[str, Any]:
        """For `run.json`: the share that differs, and its interval of Clopper and Pearson, 95 %."""
        interval = share_interval(self.differing, self.pairs)
        return {
            "pairs": self.pairs,
            "differing": self.differing,
            "share_differing": round(self.differing / self.pairs, 6),
            "low_95": round(interval.low, 6),
            "high_95": round(interval.high, 6),
        }


def bands(picture_hash: int, distance: int) -> Iterator[tuple[int, int]]:
    """Parts of a hash, one of which two hashes share when they differ in so many bits at most.

    There is one part more than there are bits to differ (the pigeonhole principle).

    >>> [(number, f"{bits:x}") for number, bits in bands(0x1234_5678_9ABC_DEF0, 1)]
    [(0, '9abcdef0'), (1, '12345678')]
    """
    parts = distance + 1
    for number in range(parts):
        low, high = number * BITS // parts, (number + 1) * BITS // parts
        yield number, picture_hash >> low & (1 << (high - low)) - 1


def firsts_alike(hashes: Collection[int], distance: int) -> Iterator[tuple[int, int]]:
    """Each hash, and the smallest of those within the distance, itself included.

    >>> list(firsts_alike([0b111, 0b110, 0b100], 1))
    [(4, 4), (6, 4), (7, 6)]
    """
    ordered = np.array(sorted(set(hashes)), dtype=np.uint64)
    for one in ordered:
        near = np.bitwise_count(ordered ^ one) <= distance
        yield int(one), int(ordered[np.argmax(near)])


def is_audited(content_hash: str, share: float) -> bool:
    """Whether a follower is asked nevertheless; the same contents in every run."""
    digest = hashlib.sha256(f"audit:{content_hash}".encode()).digest()
    return int.from_bytes(digest[:6], "big") < share * 2**48
