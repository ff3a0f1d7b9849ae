"""Pairs of label and answer: those with the most images, and what all others add up to.

A question for a text may have as many pairs as an archive has images. Whoever writes them down
holds so many and no more; the sums are of all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import nsmallest

from tierwise.evaluation import PairKey, PairRow

# Of each task, for labels and for old labels each.
MOST_PAIRS = 10_000

# Whose pairs they are: a task, and what its answers are held against. A key of a shuffle, so text.
PairsOf = tuple[str, str]
# The same, and a label.
LabelOf = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class OtherPairs:
    """How many pairs are not listed, and their sums; `changed` are images answered otherwise."""

    pairs: int = 0
    images: int = 0
    changed: int = 0
    score: int = 0

    def __add__(self, other: OtherPairs) -> OtherPairs:
        return OtherPairs(
            self.pairs + other.pairs,
            self.images + other.images,
            self.changed + other.changed,
            self.score + other.score,
        )


@dataclass(slots=True)
class PairList:
    """The pairs of one task with the most images, which grows and is cut as pairs come.

    Each pair comes once, with all its images.
    """

    most: int = MOST_PAIRS
    rows: list[PairRow] = field(default_factory=list)
    others: OtherPairs = OtherPairs()

    def add(self, rows: Iterable[PairRow]) -> None:
        """Take pairs in."""
        self.rows.extend(rows)
        if len(self.rows) > 2 * self.most:
            self.cut()

    def cut(self) -> None:
        """Leave those with the most images, the first in their order where these are equal."""
        if len(self.rows) <= self.most:
            return
        kept = nsmallest(self.most, self.rows, key=lambda row: (-row[1].images, row[0]))
        names = {key for key, _ in kept}
        for key, totals in self.rows:
            if key not in names:
                changed = totals.images if is_changed(key) else 0
                self.others += OtherPairs(1, totals.images, changed, totals.score)
        self.rows = kept


def is_changed(key: PairKey) -> bool:
    """Whether the answer is another than the label, however both are written."""
    return bool(key.answer) and key.label.strip().casefold() != key.answer.strip().casefold()


def pairs_of(key: PairKey) -> PairsOf:
    """Which list a pair belongs to."""
    return key.task, str(key.against)


def label_of(key: PairKey) -> LabelOf:
    """The label of a pair."""
    return key.task, str(key.against), key.label


def listed(
    rows: Iterable[PairRow], most: int = MOST_PAIRS
) -> tuple[list[tuple[PairsOf, PairList]], list[tuple[LabelOf, int]]]:
    """Of pairs that are in memory, each there once: lists, and how many images have which label."""
    lists: dict[PairsOf, PairList] = {}
    images: dict[LabelOf, int] = {}
    for key, totals in rows:
        lists.setdefault(pairs_of(key), PairList(most)).add([(key, totals)])
        images[label_of(key)] = images.get(label_of(key), 0) + totals.images
    return list(lists.items()), list(images.items())
