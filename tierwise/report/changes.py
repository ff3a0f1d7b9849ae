"""Old labels against new ones: a heat map of pairs, from the table `evaluation`. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tierwise.evaluation import Against

# Labels with a row or a column of their own; the others are added up.
_MOST_LABELS = 14
_MOST_PAIRS = 40
_STEPS = 9
OTHERS = "others"
NO_ANSWER = "no answer"


@dataclass(frozen=True, slots=True)
class Cell:
    """How many pictures went from one label to another; `heat` is 0 to 9, of the largest cell."""

    images: int
    heat: int
    same: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """Pictures that were called `old` and are answered `new`, with names of some."""

    old: str
    new: str
    images: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reclassified:
    """One task; `rows` go with `old_labels`, their cells with `new_labels`."""

    task: str
    images: int
    changed: int
    new_labels: tuple[str, ...]
    old_labels: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    pairs: tuple[Pair, ...]
    more_pairs: int


def reclassified(
    rows: Iterable[Mapping[str, Any]], told: Mapping[str, Any] = MappingProxyType({})
) -> list[Reclassified]:
    """One for each task with old labels; `told` is what `run.json` says of them.

    Pairs that the table does not list count for the sums.
    """
    by_task: dict[str, list[Pair]] = {}
    for row in rows:
        if row["against"] == Against.OLD_LABEL and row["label"]:
            pair = Pair(row["label"], row["answer"] or "", row["images"], tuple(row["examples"]))
            by_task.setdefault(row["task"], []).append(pair)
    return [_of_task(task, pairs, _others(told, task)) for task, pairs in sorted(by_task.items())]


def _others(told: Mapping[str, Any], task: str) -> Mapping[str, int]:
    others: Mapping[str, int] = told.get(task, {}).get("others", {}).get(Against.OLD_LABEL, {})
    return others


def _of_task(task: str, pairs: list[Pair], others: Mapping[str, int]) -> Reclassified:
    olds, news = Counter[str](), Counter[str]()
    for pair in pairs:
        olds[pair.old] += pair.images
        news[pair.new or NO_ANSWER] += pair.images
    old_labels, new_labels = _shown(olds), _shown(news)
    new_labels = _same_order(old_labels, new_labels)
    counts = Counter[tuple[str, str]]()
    for pair in pairs:
        old = pair.old if pair.old in old_labels else OTHERS
        new = pair.new or NO_ANSWER
        counts[old, new if new in new_labels else OTHERS] += pair.images
    most = max(counts.values(), default=1)
    changed = [pair for pair in pairs if pair.new and not _alike(pair.old, pair.new)]
    changed.sort(key=lambda pair: (-pair.images, pair.old, pair.new))
    return Reclassified(
        task=task,
        images=sum(pair.images for pair in pairs) + others.get("images", 0),
        changed=sum(pair.images for pair in changed) + others.get("changed", 0),
        new_labels=new_labels,
        old_labels=old_labels,
        rows=tuple(
            tuple(_cell(counts[old, new], most, same=_alike(old, new)) for new in new_labels)
            for old in old_labels
        ),
        pairs=tuple(changed[:_MOST_PAIRS]),
        more_pairs=max(0, len(changed) - _MOST_PAIRS),
    )


def _cell(images: int, most: int, *, same: bool) -> Cell:
    heat = -(-_STEPS * images // most)  # rounded up, so that one picture is seen too
    return Cell(images, heat, same)


def _alike(old: str, new: str) -> bool:
    return old.strip().casefold() == new.strip().casefold() != OTHERS


def _shown(counts: Counter[str]) -> tuple[str, ...]:
    ordered = sorted(counts, key=lambda label: (label == NO_ANSWER, -counts[label], label))
    if len(ordered) <= _MOST_LABELS:
        return tuple(ordered)
    return (*ordered[: _MOST_LABELS - 1], OTHERS)


def _same_order(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    """New labels in the order of the old ones of the same name, so that these lie on a diagonal."""
    shared = [label for label in old if label in new and label != OTHERS]
    rest = [label for label in new if label not in shared]
    return (*shared, *rest)
