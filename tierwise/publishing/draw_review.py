"""Which pictures of a finished run people label: drawn at random from its tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tierwise.accounts.table_names import FAILURES, answers_table
from tierwise.counts.draw import draw_number, is_counted
from tierwise.publishing.finished_run import FinishedRun

_PICTURE = ("uri", "page", "content_hash")


@dataclass(frozen=True, slots=True, order=True)
class DrawnPicture:
    """A picture by its place in the draw, under the first of its names."""

    number: int
    content_hash: str
    page: int
    uri: str


def draw(found: FinishedRun, task: str, count: int, seed: int) -> list[DrawnPicture]:
    """So many pictures of a task, answered or not, in the order of the draw, or all of them.

    The tables are read once, and a few times as many pictures as are drawn are held.
    """
    kept: dict[tuple[str, int], DrawnPicture] = {}
    last = 2**64
    for uri, page, content_hash in _pictures(found, task):
        key = content_hash, page
        if before := kept.get(key):
            if uri < before.uri:
                kept[key] = DrawnPicture(before.number, content_hash, page, uri)
            continue
        number = draw_number(seed, content_hash, page)
        if number <= last:
            kept[key] = DrawnPicture(number, content_hash, page, uri)
        if len(kept) > 4 * count + 1_000:
            first = sorted(kept.values())[:count]
            kept = {(one.content_hash, one.page): one for one in first}
            last = first[-1].number
    return sorted(kept.values())[:count]


def _pictures(found: FinishedRun, task: str) -> Iterator[tuple[str, int, str]]:
    for batch in found.batches(answers_table(task), _PICTURE):
        for row in batch.to_pylist():
            if is_counted(row["content_hash"]):
                yield row["uri"], row["page"], row["content_hash"]
    for batch in found.batches(FAILURES, (*_PICTURE, "task", "reason")):
        for row in batch.to_pylist():
            if row["task"] == task and is_counted(row["content_hash"], row["reason"]):
                yield row["uri"], row["page"], row["content_hash"]


def in_turn(drawn: Sequence[tuple[str, Sequence[DrawnPicture]]]) -> list[tuple[DrawnPicture, str]]:
    """Pictures and tasks, picture by picture: whoever looks at one answers all about it."""
    lines = [(one, place, task) for place, (task, some) in enumerate(drawn) for one in some]
    return [(one, task) for one, _, task in sorted(lines)]
