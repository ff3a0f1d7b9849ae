"""The pictures that the page shows, with all that was answered about each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from tierwise.records import AS_TASK, MediaResolution
from tierwise.report.answer_rows import ANSWERED_BY, ROUTE_REASON
from tierwise.report.answers_tally import AnswersTally
from tierwise.report.candidates import Candidate
from tierwise.report.doubt import SAID, WORDS, Doubt, doubts_in
from tierwise.report.task_facts import AskedTask
from tierwise.report.written import answer_cell

MOST_PICTURES = 400
# Without thumbnails there is less to look at.
MOST_NAMES = 100
# Of these, so many may be chosen for their doubts; the others show what is usual.
_DOUBTFUL_SHARE = 0.6
# So many are there for failures and for local answers that were hardly sure.
_LOCAL_SHARE = 0.3
_OLD = {Doubt.CHANGED}
# Longer answers cannot be marked: a manifest is no place for them.
_LONGEST_CELL = 2_000


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """What one task answered about one picture, or why it did not.

    `cell` is the answer as a labelled manifest says it, None where it cannot; `labels` are those
    of a label question. `when` is the condition that it was asked under, `looks_at` the tasks in
    it, and `lower` the media resolution these were asked at, empty where it is not lower.
    `answered_by` is who answered, empty where tables of early runs do not say.
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
    when: str = ""
    looks_at: tuple[str, ...] = ()
    lower: str = ""
    answered_by: str = ""

    @property
    def reasons(self) -> str:
        """The doubts in words."""
        return "; ".join(map(self._reason, self.doubts))

    def _reason(self, doubt: Doubt) -> str:
        at = f"at {_spoken(self.media_resolution)}"
        if doubt is Doubt.ESCALATED and self.media_resolution:
            return f"{SAID[doubt]} {at}"
        if doubt is Doubt.FOLLOWED:
            closer = f", more closely: {at} after {_spoken(self.lower)}" if self.lower else ""
            return f"asked because {self.when}{closer}"
        return SAID[doubt]

    @property
    def route(self) -> str:
        """The media resolution, and why it is not the task's own."""
        if not self.media_resolution:
            return ""
        reason = f": {self.route_reason}" if self.route_reason else ""
        return f"at {_spoken(self.media_resolution)}{reason}"

    @property
    def words(self) -> str:
        """The doubts as words for filters."""
        return " ".join(WORDS[doubt] for doubt in self.doubts)


@dataclass(frozen=True, slots=True)
class Card:
    """One picture. `image` is a data URI, empty without thumbnail; `number` is its place, from 1.

    `address` is where the file lies, for a sheet that may lie anywhere.
    """

    number: int
    uri: str
    address: str
    content_hash: str
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
    for tally in tallies:
        if len(found) < most * _LOCAL_SHARE:
            found |= tally.least_sure.keys()
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
        text=task.answers.told(row["answer"]),
        cell=cell if len(cell) <= _LONGEST_CELL else None,
        old="" if old is None else str(old),
        doubts=doubts_in(doubts),
        failure="",
        media_resolution=row["media_resolution"] or "",
        labels=task.answers.picked(row["answer"]),
        route_reason="" if reason in (None, AS_TASK) else str(reason),
        when=task.when,
        looks_at=task.looks_at,
        answered_by=row.get(ANSWERED_BY) or "",
    )


def _spoken(resolution: str) -> str:
    return resolution.replace("_", " ")


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
            content_hash=key.rpartition("#")[0],
            page=int(key.rpartition("#")[2]),
            image=images.get(key, ""),
            lines=tuple(_compared(lines.get(key, ()))),
        )
        for number, key in enumerate(ordered, start=1)
    ]


def _compared(lines: Sequence[AnswerLine]) -> Iterator[AnswerLine]:
    """With what each was asked at before, where it was less."""
    ranks = {str(resolution): rank for rank, resolution in enumerate(MediaResolution)}
    at = {line.task: line.media_resolution for line in lines}
    for line in lines:
        before = [at.get(task, "") for task in line.looks_at]
        known = before and {*before, line.media_resolution} <= ranks.keys()
        highest = max(before, key=lambda one: ranks[one]) if known else ""
        lower = highest and ranks[highest] < ranks[line.media_resolution]
        yield replace(line, lower=highest) if lower else line


def address(uri: str, relative_to: str) -> str:
    """Where a file lies, whatever folder a manifest that names it lies in.

    >>> address("a/b.jpg", "/data"), address("gs://x/y.jpg", "/data"), address("=1.jpg", "")
    ('/data/a/b.jpg', 'gs://x/y.jpg', './=1.jpg')
    """
    if "://" in uri or uri.startswith("/"):
        return uri
    return f"{relative_to.rstrip('/') or '.'}/{uri}"


def _weight(lines: Iterable[AnswerLine]) -> int:
    weights = (sum(line.doubts) + 128 * bool(line.failure) for line in lines)
    return max(weights, default=0)


def doubtful_lines(shown: Iterable[Card], most: int) -> Iterator[tuple[Card, AnswerLine]]:
    """The answers to look at first; what only differs from an old label is told elsewhere."""
    found = [(card, line) for card in shown for line in card.lines if set(line.doubts) - _OLD]
    found.sort(key=lambda one: -sum(one[1].doubts))
    yield from found[:most]


def changed_lines(shown: Iterable[Card]) -> list[tuple[Card, AnswerLine]]:
    """The answers that differ from an old label, the most doubtful first."""
    return [(card, line) for card in shown for line in card.lines if Doubt.CHANGED in line.doubts]
