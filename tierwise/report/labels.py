"""What the archive looks like now: labels as bars, with pictures; other answers by example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tierwise.records import AS_TASK
from tierwise.report.answers_tally import AnswersTally
from tierwise.report.doubt import SAID, Doubt
from tierwise.report.gallery import AnswerLine, Card
from tierwise.report.task_facts import AskedTask

_MOST_BARS = 20
# Labels beyond these bars stand in a list, without pictures.
_MOST_LISTED = 500
_PICTURES_OF_A_LABEL = 5
_PICTURES_OF_A_TASK = 8
_BARS_WITH_PICTURES = 12
_MOST_REASONS = 8
# What a full bar may stand for, in percent of the answered: of 500 labels none has many pictures.
_FULL_BARS = (1, 10, 100)


@dataclass(frozen=True, slots=True)
class LabelBar:
    """A label, its pictures, and some of them; `width` in percent of a full bar."""

    label: str
    images: int
    width: float
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class TaskAnswers:
    """One task: how many were asked and answered, and what the answers were.

    `full_bar` is the share of the answered that a full bar stands for, in percent.
    """

    task: AskedTask
    asked: int
    answered: int
    reused: int
    score: Mapping[str, Any]
    audit: Mapping[str, Any]
    bars: tuple[LabelBar, ...]
    full_bar: int
    more: tuple[tuple[str, int], ...]
    left_out: int
    examples: tuple[tuple[Card, AnswerLine], ...]
    doubts: tuple[tuple[str, int], ...]
    resolutions: tuple[tuple[str, int], ...]
    route_reasons: tuple[tuple[str, int], ...]


def task_answers(
    tallies: Sequence[AnswersTally], cards: Sequence[Card], run: Mapping[str, Any]
) -> list[TaskAnswers]:
    """Every task that is not an audit, in the order they are asked."""
    return [_of_task(tally, cards, run) for tally in tallies]


def _of_task(tally: AnswersTally, cards: Sequence[Card], run: Mapping[str, Any]) -> TaskAnswers:
    name = tally.task.name
    ordered = sorted(tally.labels.items(), key=lambda one: (-one[1], one[0]))
    bars, rest = ordered[:_MOST_BARS], ordered[_MOST_BARS:]
    full = _full_bar(bars[0][1] if bars else 0, tally.images)
    lines = [(card, line) for card in cards if (line := card.line(name)) and not line.failure]
    usual = sorted(lines, key=lambda one: sum(one[1].doubts))
    return TaskAnswers(
        task=tally.task,
        asked=run["tasks"][name]["asked"],
        answered=tally.images,
        reused=tally.reused,
        score=run.get("evaluation", {}).get(name, {}),
        audit=run.get("audit", {}).get(name, {}),
        bars=tuple(
            LabelBar(
                label,
                images,
                100 * 100 * images / (full * tally.images),
                _pictures(label, usual) if place < _BARS_WITH_PICTURES else (),
            )
            for place, (label, images) in enumerate(bars)
        ),
        full_bar=full,
        more=tuple(rest[:_MOST_LISTED]),
        left_out=len(rest[_MOST_LISTED:]),
        examples=() if ordered else tuple(usual[:_PICTURES_OF_A_TASK]),
        doubts=tuple(_doubts(tally)),
        resolutions=tuple(tally.resolutions.most_common()),
        route_reasons=tuple(
            (reason, images)
            for reason, images in tally.route_reasons.most_common(_MOST_REASONS)
            if reason != AS_TASK
        ),
    )


def _full_bar(images: int, answered: int) -> int:
    """The least of some round shares, in percent, that the most frequent label fits in.

    >>> _full_bar(18, 100), _full_bar(2, 100), _full_bar(0, 0)
    (100, 10, 1)
    """
    return next((full for full in _FULL_BARS if 100 * images <= full * answered), 100)


def _doubts(tally: AnswersTally) -> Iterator[tuple[str, int]]:
    for doubt in SAID:
        # That a task has a `when` is said of all its answers at once.
        if tally.doubts[doubt] and doubt is not Doubt.FOLLOWED:
            yield SAID[doubt], tally.doubts[doubt]


def _pictures(label: str, lines: Sequence[tuple[Card, AnswerLine]]) -> tuple[Card, ...]:
    some = [card for card, line in lines if label in line.labels and card.image]
    return tuple(some[:_PICTURES_OF_A_LABEL])
