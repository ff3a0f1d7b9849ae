"""Totals of tokens and money that can be added in any order and any grouping."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from tierwise.answerer import AnsweredBy
from tierwise.records import (
    AGAIN,
    Answer,
    Failure,
    MediaResolution,
    Outcome,
    Record,
    ServiceTier,
    Spent,
)
from tierwise.routing import follows_picture

_Group = TypeVar("_Group", bound=Any)

ANSWERED = "answered"
REUSED = "reused"
REPEATED = "repeated"
ESCALATED = "escalated"
FIRST_QUESTION = "first_question"
DECLINED = "declined"
CACHE = "cache"
LOCAL = "local"
ASKED_AGAIN = "asked_again"
HUMAN = "human"
# The outcomes of images that have an answer.
WITH_ANSWER = (ANSWERED, REUSED, LOCAL, HUMAN, ASKED_AGAIN)

# Outcomes of what was paid for an answer, or for what answers take.
_BROUGHT = frozenset({*WITH_ANSWER, ESCALATED, FIRST_QUESTION, CACHE})
# All others are the reason of a failure.
NO_FAILURES = _BROUGHT | {REPEATED, DECLINED}


@dataclass(frozen=True, slots=True, order=True)
class CostKey:
    """One row of `costs`.

    `outcome` is `answered`, `reused`, a failure's reason, `repeated`: paid requests whose reply
    could not be used and that were asked again, `escalated`: first answers that were in doubt, so
    that the image was asked again by another route, `first_question`: those to the first of two
    questions about a tree, `declined`: refusals after which it was asked
    at the route for these, `local`: answers of a local model, `human`: those of people, or `cache`:
    writing and storing what many requests begin with.
    `charged_to` is the value of the manifest column whose costs are told apart, empty without one.
    `model_version` is what the replies say of the model that answered, `label_form` how it was
    asked; empty without an answer.
    """

    task: str
    model: str
    media_resolution: MediaResolution
    service_tier: ServiceTier
    outcome: str
    charged_to: str = ""
    model_version: str = ""
    label_form: str = ""


@dataclass(frozen=True, slots=True)
class CostTotals(Record):
    """What stands in a row of `costs`; `baseline` is in nano-dollars.

    `baseline_before` is that of answers of earlier runs, which counts there, not here.
    `run_ended` counts the images that failed because the run had ended before their turn, `cut_off`
    those that were answered after a reply had ended at the output limit, `escalated` those whose
    first answer was in doubt, `second_questions` those asked below the label of the first,
    `declined` those asked again after a refusal, `followed` those asked
    once, at a media resolution that followed what the picture shows. Each image counts once in
    `images`: with its final outcome.
    """

    spent: Spent = Spent()
    images: int = 0
    baseline: int = 0
    run_ended: int = 0
    cut_off: int = 0
    escalated: int = 0
    baseline_before: int = 0
    followed: int = 0
    declined: int = 0
    second_questions: int = 0

    @classmethod
    def zero(cls) -> CostTotals:
        """The total of nothing."""
        return cls()

    def __add__(self, other: CostTotals) -> CostTotals:
        return CostTotals(
            self.spent + other.spent,
            self.images + other.images,
            self.baseline + other.baseline,
            self.run_ended + other.run_ended,
            self.cut_off + other.cut_off,
            self.escalated + other.escalated,
            self.baseline_before + other.baseline_before,
            self.followed + other.followed,
            self.declined + other.declined,
            self.second_questions + other.second_questions,
        )


CostRow = tuple[CostKey, CostTotals]


def totals_of(outcome: Outcome, charged_to: str = "") -> list[tuple[CostKey, CostTotals]]:
    """The rows of `costs` that one outcome adds to.

    Its own, that of its repeated requests, and those of asks before it: a first answer that was in
    doubt, a refusal, the first of two questions.
    """
    version = form = ""
    if isinstance(outcome, Answer):
        name = REUSED if outcome.reused else ANSWERED
        if outcome.answered_by is AnsweredBy.LOCAL:
            name = LOCAL
        elif outcome.answered_by is AnsweredBy.HUMAN:
            name = HUMAN
        if outcome.task.endswith(AGAIN):
            name = ASKED_AGAIN
        version, form = outcome.model_version, outcome.label_form
    else:
        name = str(outcome.reason)
    route = (outcome.task, outcome.model, outcome.media_resolution, outcome.service_tier)
    key = CostKey(*route, name, charged_to, version, form)
    ended = isinstance(outcome, Failure) and outcome.run_ended
    cut_off = name == ANSWERED and isinstance(outcome, Answer) and outcome.cut_off
    before = outcome.baseline if outcome.earlier else 0
    own = CostTotals(
        outcome.spent,
        images=1,
        baseline=outcome.baseline - before,
        run_ended=int(ended),
        cut_off=int(cut_off),
        baseline_before=before,
        followed=_followed(outcome),
    )
    totals = [(key, own)]
    if outcome.wasted != Spent():
        totals.append((replace(key, outcome=REPEATED), CostTotals(outcome.wasted)))
    if outcome.first:
        of_first = _of_first_question if outcome.below else _of_first
        totals += of_first(outcome.first, outcome.task, charged_to)
    return totals


def _followed(outcome: Outcome) -> int:
    """1 for an answer by a route that its picture chose; what was asked again chose another way."""
    if isinstance(outcome, Failure) or (outcome.first and not outcome.below):
        return 0
    return int(follows_picture(outcome.route_reason))


def _of_first(first: Outcome, task: str, charged_to: str) -> list[tuple[CostKey, CostTotals]]:
    """Of an earlier ask: the image itself, and the naive way, count with the final outcome."""
    (key, _), *others = totals_of(replace(first, task=task), charged_to)
    if isinstance(first, Answer):
        return [(replace(key, outcome=ESCALATED), CostTotals(first.spent, escalated=1)), *others]
    return [(replace(key, outcome=DECLINED), CostTotals(first.spent, declined=1)), *others]


def _of_first_question(
    first: Outcome, task: str, charged_to: str
) -> list[tuple[CostKey, CostTotals]]:
    """Of the first of two questions: the image itself counts with the second."""
    (key, own), *others = totals_of(replace(first, task=task), charged_to)
    own = replace(own, images=0, run_ended=0, cut_off=0, followed=0, second_questions=1)
    return [(replace(key, outcome=FIRST_QUESTION), own), *others]


def is_waste(outcome: str) -> bool:
    """Whether what was paid under such an outcome brought no answer."""
    return outcome not in _BROUGHT


def regrouped(
    rows: Iterable[tuple[CostKey, CostTotals]], key_of: Callable[[CostKey], _Group]
) -> dict[_Group, CostTotals]:
    """The same totals under other keys, in the order of the keys."""
    groups: dict[_Group, CostTotals] = {}
    for key, total in rows:
        group = key_of(key)
        groups[group] = groups.get(group, CostTotals.zero()) + total
    return dict(sorted(groups.items()))
