"""The pictures that the page shows, with all that was answered about each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from tierwise.records import AS_TASK
from tierwise.report.answer_rows import ROUTE_REASON
from tierwise.report.answers_tally import AnswersTally
from tierwise.report.asked import AnswerKind, AskedTask
from tierwise.report.candidates import Candidate
from tierwise.report.doubt import SAID, WORDS, Doubt, doubts_in
from tierwise.report.written import answer_cell, answer_text

MOST_PICTURES = 400
# Without thumbnails there is less to look at.
MOST_NAMES = 100
# Of these, so many may be chosen for their doubts; the others show what is usual.
_DOUBTFUL_SHARE = 0.6
_OLD = {Doubt.CHANGED}
# Longer answers cannot be marked: a manifest is no place for them.
_LONGEST_CELL = 2_000


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """What one task answered about one picture, or why it did not.

    `cell` is the answer as a labelled manifest says it, None where it cannot; `labels` are those
    of a label question.
    """

    task: str
    text: str
    cell: str | None
    old: str
    doubts: tuple[Doubt, ...]
    failure: str
    media_resolution: str
    labels: tuple[str, ...] = ()
    route_reason: str = ""

    @property
    def reasons(self) -> str:
        """The doubts in words."""
        return "; ".join(SAID[doubt] for doubt in self.doubts)

    @property
    def words(self) -> str:
        """The doubts as words for filters."""
        return " ".join(WORDS[doubt] for doubt in self.doubts)


@dataclass(frozen=True, slots=True)
class Card:
    """One picture. `image` is a data URI, empty without thumbnail; `number` is its place, from 1.

    `address` is where the file lies, for a manifest that may lie anywhere.
    """

    number: int
    uri: str
    address: str
    page: int
    image: str
    lines: tuple[AnswerLine, ...]

    def line(self, task: str) -> AnswerLine | None:
        """What became of one task."""
        return next((line for line in self.lines if line.task == task), None)


def chosen(
    tallies: Sequence[AnswersTally], failed: Iterable[Candidate], *, most: int
) -> dict[str, str]:
    """Which pictures to show, as keys and names: doubtful ones, some of each label, failed ones."""
    found: dict[str, str] = {}
    doubtful = [
        [one for one in some if one.assurance < 0]
        for tally in tallies
        for some in tally.candidates.doubtful()
    ]
    typical = [some for tally in tallies for some in tally.candidates.typical()]
    _take(found, [list(failed)], round(most * 0.1))
    _take(found, doubtful, round(most * _DOUBTFUL_SHARE))
    _take(found, typical, most)
    _take(found, doubtful, most)
    return found


def _take(found: dict[str, str], lists: Iterable[Sequence[Candidate]], most: int) -> None:
    """From all lists in turn, until there are `most`; pictures with thumbnails alone, if any."""
    lists = list(lists)
    pictured = any(not one.unpictured for some in lists for one in some)
    for turn in zip_longest(*lists):
        for one in turn:
            if one and not (pictured and one.unpictured) and len(found) < most:
                found.setdefault(one.key, one.uri)


def answer_line(task: AskedTask, row: Mapping[str, Any], doubts: int) -> AnswerLine:
    """What a row of `answers` says."""
    cell = answer_cell(row["answer"])
    old = row.get(task.old_column) if task.old_column else None
    reason = row.get(ROUTE_REASON)
    return AnswerLine(
        task=task.name,
        text=answer_text(row["answer"]),
        cell=cell if len(cell) <= _LONGEST_CELL else None,
        old="" if old is None else str(old),
        doubts=doubts_in(doubts),
        failure="",
        media_resolution=row["media_resolution"] or "",
        labels=_labels(task.kind, row["answer"]),
        route_reason="" if reason in (None, AS_TASK) else str(reason),
    )


def _labels(kind: AnswerKind, answer: Any) -> tuple[str, ...]:
    if kind is AnswerKind.LABEL:
        return (answer,)
    return tuple(answer) if kind is AnswerKind.LABELS else ()


def failed_line(row: Mapping[str, Any]) -> AnswerLine:
    """What a row of `failures` says."""
    return AnswerLine(row["task"], row["message"] or "", None, "", (), row["reason"], "")


def cards(
    found: Mapping[str, str],
    lines: Mapping[str, Sequence[AnswerLine]],
    images: Mapping[str, str],
    relative_to: str,
) -> list[Card]:
    """The pictures in the order of their doubts, the most doubtful first."""
    ordered = sorted(found, key=lambda key: (-_weight(lines.get(key, ())), key[-10:]))
    return [
        Card(
            number=number,
            uri=found[key],
            address=address(found[key], relative_to),
            page=int(key.rpartition("#")[2]),
            image=images.get(key, ""),
            lines=tuple(lines.get(key, ())),
        )
        for number, key in enumerate(ordered, start=1)
    ]


def address(uri: str, relative_to: str) -> str:
    """Where a file lies, whatever folder a manifest that names it lies in.

    >>> address("a/b.jpg", "/data"), address("gs://x/y.jpg", "/data"), address("=1.jpg", "")
    ('/data/a/b.jpg', 'gs://x/y.jpg', './=1.jpg')
    """
    if "://" in uri or uri.startswith("/"):
        return uri
    return f"{relative_to.rstrip('/') or '.'}/{uri}"


def _weight(lines: Iterable[AnswerLine]) -> int:
    weights = (sum(line.doubts) + 64 * bool(line.failure) for line in lines)
    return max(weights, default=0)


def doubtful_lines(shown: Iterable[Card], most: int) -> Iterator[tuple[Card, AnswerLine]]:
    """The answers to look at first; what only differs from an old label is told elsewhere."""
    found = [(card, line) for card in shown for line in card.lines if set(line.doubts) - _OLD]
    found.sort(key=lambda one: -sum(one[1].doubts))
    yield from found[:most]


def changed_lines(shown: Iterable[Card]) -> list[tuple[Card, AnswerLine]]:
    """The answers that differ from an old label, the most doubtful first."""
    return [(card, line) for card in shown for line in card.lines if Doubt.CHANGED in line.doubts]
