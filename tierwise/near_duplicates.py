"""Which pictures look so alike that one answer serves both.

Hashes say which pictures may be the same, and a closer look at both says which are. A leader is
asked, and those that show the same follow. No follower leads anybody, so that nobody is further
from the picture whose answer it gets than the distance that was allowed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tierwise.statistics.clusters import Clusters

BITS = 64

# How far pictures may lie apart that show the same, see `tierwise.images.unlikeness`. Copies at
# JPEG quality 50 and above, or a little smaller, mostly lie below 0.75 and never above 0.9; one
# other digit, 12 px high on a page of 2,000 x 2,800, above 1 (`bench/near_duplicates`).
MOST_UNLIKE = 0.85


@dataclass(frozen=True, slots=True)
class NearAudit:
    """Pairs of pictures that look alike and were both asked, and how many were answered otherwise.

    Those that would have followed one leader are wrong together, so that they are one cluster.
    Totals of it can be added in any order.
    """

    by_leader: Clusters = field(default_factory=Clusters)

    def __add__(self, other: NearAudit) -> NearAudit:
        return NearAudit(self.by_leader + other.by_leader)

    def facts(self) -> dict[str, Any]:
        """For `run.json`: of a leader's followers, the share that differs, and its interval, 95 %.

        The interval is that of Clopper and Pearson where no leader has two.
        """
        found = self.by_leader
        interval = found.interval()
        return {
            "pairs": found.members,
            "differing": found.differing,
            "leaders": found.clusters,
            "share_differing": round(found.share, 6),
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
