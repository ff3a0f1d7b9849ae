"""Some names of an input that stand for all, where there are too many to look at each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice

from tierwise.skipped_files import Tally
from tierwise.storage.listing import (
    Input,
    InputKind,
    Named,
    Skipped,
    list_names,
    shards_of,
    starts_in,
    wanted,
)
from tierwise.storage.manifests.look import sampled_rows

# Of a listing so long that it was cut, so many names stand for all.
_MOST_LISTED = 20_000
_SEED = 20261130


def sampled_names(
    found: Input, rng: random.Random | None = None, tally: Tally | None = None
) -> Iterator[Named | Skipped]:
    """Every name where they are counted; else some thousands from all over the input.

    What of them is skipped is counted in `tally`.

    Raises:
        InputError: a manifest is malformed where it was looked at.
    """
    if found.about is None:
        yield from list_names(found, tally)
    elif found.kind is InputKind.MANIFEST:
        rows = sampled_rows(list(shards_of(found)), found.columns, starts_in(found))
        yield from wanted((Named(*row) for row in rows), found, tally)
    else:
        rng = rng or random.Random(_SEED)  # noqa: S311 - no secret depends on it
        ranges = rng.sample(found.ranges, len(found.ranges))
        parts = (list_names(replace(found, ranges=(within,)), tally) for within in ranges)
        yield from islice(chain.from_iterable(parts), _MOST_LISTED)
