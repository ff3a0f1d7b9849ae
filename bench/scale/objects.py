"""How many objects a journal gets: what arrives while one is being written goes into the next."""

from __future__ import annotations

import math


def objects_per_request(
    *, replies_per_s: float, write_s: float, shards_under_way: float, shards_per_request: float
) -> float:
    """Journal objects for each request of one worker process.

    While nothing is being written the next reply starts a write at once; what arrives meanwhile
    forms the next group. With replies at random, a group comes every `w` seconds, and one `1 / r`
    later where nothing has come (with probability `exp(-r w)`). A group is one object for each
    shard in it, written one after the other.

    Args:
        replies_per_s: `r`, replies of the process that carry something to write.
        write_s: seconds to write one object.
        shards_under_way: from how many shards the images under way may be.
        shards_per_request: shards of one request's images, 1 or more.
    """
    if replies_per_s <= 0:
        return shards_per_request
    objects = shards_per_request
    for _ in range(50):  # a longer group is written longer, and so the next is longer still
        busy = replies_per_s * write_s * objects
        requests = busy + math.exp(-busy)  # of a group, one at least
        objects = _distinct(requests * shards_per_request, shards_under_way)
    return objects / requests


def _distinct(draws: float, kinds: float) -> float:
    """How many of so many kinds turn up in so many draws, on average, at least one."""
    if kinds <= 1:
        return 1.0
    missed: float = (1 - 1 / kinds) ** draws
    return max(1.0, kinds * (1 - missed))
