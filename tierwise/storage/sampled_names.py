"""Some names of an input that stand for all, where there are too many to look at each."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice

from tierwise.label_rows import LabelRow
from tierwise.skipped_files import Tally
from tierwise.storage.joined_names import all_label_rows, joined, with_columns
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

    What of them is skipped is counted in `tally`. Where a table of labels is large too, a row drawn
    at random stands for each image's own.

    Raises:
        InputError: a manifest is malformed where it was looked at.
    """
    names = _own_names(found, rng, tally)
    if (labels := found.labels) is None:
        return names
    if found.about is None and labels.about is None:
        return joined(names, all_label_rows(labels), labels)
    rows = [LabelRow(one.columns) for one in sampled_names(labels) if isinstance(one, Named)]
    return _with_any(names, rows, labels)


def _with_any(
    names: Iterator[Named | Skipped], rows: Sequence[LabelRow], labels: Input
) -> Iterator[Named | Skipped]:
    chance = random.Random(_SEED)  # noqa: S311 - no secret depends on it
    for name in names:
        if isinstance(name, Named):
            yield with_columns(name, chance.choice(rows) if rows else None, labels)
        else:
            yield name


def _own_names(
    found: Input, rng: random.Random | None, tally: Tally | None
) -> Iterator[Named | Skipped]:
    if found.about is None:
        yield from list_names(found, tally)
    elif found.kind is InputKind.MANIFEST:
        rows = sampled_rows(list(shards_of(found)), found.own_columns, starts_in(found))
        yield from wanted((Named(*row) for row in rows), found, tally)
    else:
        rng = rng or random.Random(_SEED)  # noqa: S311 - no secret depends on it
        ranges = rng.sample(found.ranges, len(found.ranges))
        parts = (list_names(replace(found, ranges=(within,)), tally) for within in ranges)
        yield from islice(chain.from_iterable(parts), _MOST_LISTED)
