"""Which pictures the page may show: some of each label, the doubtful ones first. Pure.

The choice follows from content hashes, so that it is the same whatever the order of the rows, and
memory is bounded by labels, not by rows. Other names and pages of one content show nothing new.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# With more labels than that, the rest of them share one list.
_MOST_LABELS = 2_000


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """A picture that may be shown for an answer; the least come first."""

    unpictured: bool
    assurance: int  # minus its doubts
    rank: str  # the end of its content hash: any order that is the same each time
    key: str
    uri: str

    @property
    def content(self) -> str:
        """What all its names and pages have in common."""
        return self.key.rpartition("#")[0]


@dataclass(slots=True)
class Candidates:
    """The `most` most doubtful and the `most` first pictures of each label, whatever was added."""

    most: int
    _doubtful: dict[str, list[Candidate]] = field(default_factory=dict)
    _any: dict[str, list[Candidate]] = field(default_factory=dict)

    def add(
        self,
        batch: pa.RecordBatch,
        keys: pa.Array,
        labels: pa.Array,
        doubts: NDArray[np.int64],
        pictured: NDArray[np.bool_],
    ) -> None:
        """Take a batch in; rows without a key are passed over."""
        codes, names = _codes(labels)
        ranks = _ranks(batch.column("content_hash"))
        pages = batch.column("page").to_numpy(zero_copy_only=False)
        usable = ~np.asarray(pc.is_null(keys))
        for kept, order in ((self._doubtful, -doubts), (self._any, np.zeros_like(doubts))):
            orders = (pages, ranks, order, ~pictured)
            rows = _first_of_each(codes, orders, usable, self.most)
            uris = batch.column("uri").take(pa.array(rows)).to_pylist()
            chosen = keys.take(pa.array(rows)).to_pylist()
            found: dict[str, list[Candidate]] = {}
            for row, key, uri in zip(rows, chosen, uris, strict=True):
                one = Candidate(not pictured[row], int(order[row]), _rank(key), key, uri)
                found.setdefault(names[codes[row]], []).append(one)
            for label, some in found.items():
                self._keep(kept, label, some)

    def doubtful(self) -> Iterator[list[Candidate]]:
        """For each label, the most doubtful first."""
        yield from (self._doubtful[label] for label in sorted(self._doubtful))

    def typical(self) -> Iterator[list[Candidate]]:
        """For each label, any pictures."""
        yield from (self._any[label] for label in sorted(self._any))

    def _keep(self, kept: dict[str, list[Candidate]], label: str, some: list[Candidate]) -> None:
        if label not in kept and len(kept) >= _MOST_LABELS:
            label = ""
        merged = sorted([*kept.get(label, []), *some])
        first_of_content = {one.content: one for one in reversed(merged)}
        kept[label] = sorted(first_of_content.values())[: self.most]


def _codes(labels: pa.Array) -> tuple[NDArray[np.int64], list[str]]:
    encoded = pc.fill_null(labels, "").dictionary_encode()
    codes: NDArray[np.int64] = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, encoded.dictionary.to_pylist()


def _ranks(hashes: pa.Array) -> NDArray[np.uint64]:
    """The last eight bytes of each hash as numbers, which sort as the text does."""
    ends = [one[-8:].rjust(8, "0") for one in pc.fill_null(hashes, "").to_pylist()]
    found: NDArray[np.uint64] = np.array(ends, "S8").view(">u8").astype(np.uint64)
    return found


def _rank(key: str) -> str:
    return key.rpartition("#")[0][-8:]


def _first_of_each(
    codes: NDArray[np.int64],
    orders: tuple[NDArray[np.generic], ...],
    usable: NDArray[np.bool_],
    most: int,
) -> list[int]:
    """The first rows of each code, in the order of `orders`, whose last is the weightiest.

    Of rows that differ in the first of `orders` alone, which are pages of one content, only one.
    """
    rows = np.flatnonzero(usable)
    if not len(rows):
        return []
    rows = rows[np.lexsort((*(order[rows] for order in orders), codes[rows]))]
    told_apart = [order[rows] for order in (*orders[1:], codes)]
    differ = np.logical_or.reduce([values[1:] != values[:-1] for values in told_apart])
    rows = rows[np.r_[True, differ]]
    sorted_codes = codes[rows]
    starts = np.flatnonzero(np.r_[True, sorted_codes[1:] != sorted_codes[:-1]])
    sizes = np.diff(np.r_[starts, len(rows)])
    places = np.arange(len(rows)) - np.repeat(starts, sizes)
    found: list[int] = rows[places < most].tolist()
    return found
