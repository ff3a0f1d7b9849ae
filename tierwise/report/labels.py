"""What the archive looks like now: labels as bars, with pictures; other answers by example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tierwise.records import AS_TASK
from tierwise.report.answers_tally import AnswersTally
from tierwise.report.asked import AskedTask
from tierwise.report.doubt import SAID
from tierwise.report.gallery import AnswerLine, Card

_MOST_BARS = 20
# Labels beyond these bars stand in a list, without pictures.
_MOST_LISTED = 500
_PICTURES_OF_A_LABEL = 5
_PICTURES_OF_A_TASK = 8
_BARS_WITH_PICTURES = 12
_MOST_REASONS = 8


@dataclass(frozen=True, slots=True)
class LabelBar:
    """A label, its pictures, and some of them; `width` in percent of the longest bar."""

    label: str
    images: int
    width: float
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class TaskAnswers:
    """One task: how many were asked and answered, and what the answers were."""

    task: AskedTask
    asked: int
    answered: int
    reused: int
    score: Mapping[str, Any]
    audit: Mapping[str, Any]
    bars: tuple[LabelBar, ...]
    more: tuple[tuple[str, int], ...]
    left_out: int
    examples: tuple[tuple[Card, AnswerLine], ...]
    doubts: tuple[tuple[str, int], ...]
    resolutions: tuple[tuple[str, int], ...]
    route_reasons: tuple[tuple[str, int], ...]


def task_answers(
    tallies: Sequence[AnswersTally], cards: Sequence[Card], run: Mapping[str, Any]
) -> list[TaskAnswers]:
    """Every task that is no audit, in the order they are asked."""
    return [_of_task(tally, cards, run) for tally in tallies]


def _of_task(tally: AnswersTally, cards: Sequence[Card], run: Mapping[str, Any]) -> TaskAnswers:
    name = tally.task.name
    ordered = sorted(tally.labels.items(), key=lambda one: (-one[1], one[0]))
    bars, rest = ordered[:_MOST_BARS], ordered[_MOST_BARS:]
    longest = bars[0][1] if bars else 1
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
                100 * images / longest,
                _pictures(label, usual) if place < _BARS_WITH_PICTURES else (),
            )
            for place, (label, images) in enumerate(bars)
        ),
        more=tuple(rest[:_MOST_LISTED]),
        left_out=len(rest[_MOST_LISTED:]),
        examples=() if ordered else tuple(usual[:_PICTURES_OF_A_TASK]),
        doubts=tuple((SAID[doubt], tally.doubts[doubt]) for doubt in SAID if tally.doubts[doubt]),
        resolutions=tuple(tally.resolutions.most_common()),
        route_reasons=tuple(
            (reason, images)
            for reason, images in tally.route_reasons.most_common(_MOST_REASONS)
            if reason != AS_TASK
        ),
    )


def _pictures(label: str, lines: Sequence[tuple[Card, AnswerLine]]) -> tuple[Card, ...]:
    some = [card for card, line in lines if label in line.labels and card.image]
    return tuple(some[:_PICTURES_OF_A_LABEL])
