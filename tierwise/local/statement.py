"""What an exam has shown of one task: how much is answered locally, and what is promised of that.

`tierwise.statistics.examination` has the theorem; here it is applied to what Gemini and a local
model said of the same pictures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from math import inf
from typing import Any

from tierwise.local.judgement import Judgement
from tierwise.records import Record
from tierwise.statistics.examination import Cut, cut, drawn_at_most

# The curve that people see: any of these may be chosen afterwards, for each is proved at a fifth of
# the error that is allowed.
POINTS = tuple(map(Decimal, ("0.005", "0.01", "0.02", "0.05", "0.1")))


@dataclass(frozen=True, slots=True)
class Examined(Record):
    """What one content of the exam showed of one task.

    `said` is what the local model said, None where that is not known. `wrong` counts what Gemini
    did not answer as well. `truth` are the labels of Gemini's answer, `told` those of the model's.
    One that `waits` is asked by a batch job.
    """

    task: str
    said: Judgement | None
    wrong: bool
    truth: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    waits: bool = False
    content_hash: str = ""


@dataclass(frozen=True, slots=True)
class Counts(Record):
    """Distinct contents of an archive by their part."""

    learn: int = 0
    exam: int = 0
    rest: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.learn + other.learn, self.exam + other.exam, self.rest + other.rest)

    @property
    def all(self) -> int:
        """N."""
        return self.learn + self.exam + self.rest

    @property
    def not_learnt(self) -> int:
        """M."""
        return self.exam + self.rest


@dataclass(frozen=True, slots=True)
class Point:
    """One tolerated share, and what is asked of the archive for it, learn and exam included."""

    differ: Decimal
    asked_share: float
    above: float


@dataclass(frozen=True, slots=True)
class LabelLoss:
    """Of one label: the exam's pictures that have it, and those of them that would be lost.

    `at_most` is an upper bound of those lost in the archive. As the cut was chosen by the same
    exam, it is an estimate and no promise.
    """

    label: str
    examined: int
    lost: int
    at_most: int


@dataclass(frozen=True, slots=True)
class Statement:
    """The promise for one task, or in `why_not` why nothing is answered locally.

    In at least `confidence` of all draws of the exam, at most `differ_at_most` of the contents are
    answered locally and otherwise than Gemini would have answered, asked about that picture alone.
    `cut` is what a score must exceed. `waits` says that its exam waits for a batch job. `answered`
    contents were answered locally in the end.
    """

    task: str
    differ: Decimal
    confidence: Decimal
    counts: Counts
    cut: Cut
    model: str = ""
    why_not: str = ""
    points: tuple[Point, ...] = ()
    labels: tuple[LabelLoss, ...] = ()
    mistakes: int = 0
    looks: int = 1
    waits: bool = False
    answered: int = 0

    @property
    def differ_at_most(self) -> int:
        """B."""
        return int(self.differ * self.counts.all)

    @property
    def above(self) -> float:
        """What a score must exceed; infinite where nothing is answered locally."""
        return inf if self.why_not or self.waits else self.cut.above

    def facts(self, answered: int) -> dict[str, Any]:
        """What `run.json` says; `answered` are rows that were answered locally."""
        found: dict[str, Any] = {
            "differ": float(self.differ),
            "confidence": float(self.confidence),
            "contents": self.counts.all,
            "learnt": self.counts.learn,
            "examined": self.counts.exam,
            "differ_at_most": self.differ_at_most,
            "answered_locally": answered,
            "contents_answered_locally": self.answered,
            "looks": self.looks,
            "model": self.model or None,
            "why_not": self.why_not or None,
        }
        if self.why_not or self.waits:
            return found
        finite = self.cut.above if abs(self.cut.above) != inf else None
        return found | {
            "allowed": self.cut.allowed,
            "mistakes": self.mistakes,
            "mistakes_above_cut": self.cut.mistakes,
            "cut": finite,
            "differ_expected": min(round(self.cut.expected), self.answered),
            "of_local_at_most": _share(min(self.differ_at_most, self.answered), self.answered),
            "curve": [
                {"differ": float(one.differ), "asked_share": round(one.asked_share, 4)}
                for one in self.points
            ],
            "labels": [
                {
                    "label": o.label,
                    "examined": o.examined,
                    "lost": o.lost,
                    "lost_at_most": o.at_most,
                }
                for o in self.labels
            ],
        }


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of an exam: the tolerated share, and at what error.

    `looks` says the how manieth look at this exam it is, `choice` what was chosen of all that can
    be: it is written down before the result is used. One that is `known` was made before.
    """

    differ: Decimal
    confidence: Decimal
    alpha: float
    looks: int = 1
    choice: Mapping[str, Any] = field(default_factory=dict)
    known: bool = False


def state(
    task: str, terms: Terms, model: str, counts: Counts, examined: Sequence[Examined]
) -> Statement:
    """The statement of an exam whose every content is among `examined`, once.

    A content of the exam that is missing there, or of which the local model's score is not known,
    counts as a mistake of the highest score.
    """
    missing = [inf] * max(0, counts.exam - len(examined))
    wrong = [*missing, *_mistakes(examined)]
    found = _cut(wrong, counts, terms.differ, terms.alpha)
    error = (1 - float(terms.confidence)) / len(POINTS)
    at = {differ: _cut(wrong, counts, differ, error).above for differ in POINTS}
    statement = Statement(
        task,
        terms.differ,
        terms.confidence,
        counts,
        found,
        model,
        points=tuple(Point(one, _asked(examined, counts, at[one]), at[one]) for one in POINTS),
        labels=_losses(examined, counts, found.above, terms.alpha),
        mistakes=len(wrong),
        looks=terms.looks,
    )
    return replace(statement, why_not=_why_not(statement, wrong))


def _cut(wrong: Iterable[float], counts: Counts, differ: Decimal, alpha: float) -> Cut:
    most = int(differ * counts.all)
    return cut(wrong, contents=counts.not_learnt, examined=counts.exam, most=most, alpha=alpha)


def _share(some: int, of_all: int) -> float | None:
    return round(min(1.0, some / of_all), 4) if of_all else None


def _mistakes(examined: Iterable[Examined]) -> Iterable[float]:
    for one in examined:
        if one.said is None:
            yield inf
        elif one.said.counts and (one.wrong or one.said.is_close):
            yield one.said.score if one.said.score is not None else inf


def _why_not(statement: Statement, wrong: Sequence[float]) -> str:
    allowed = statement.cut.allowed
    if allowed < 0:
        return (
            f"an exam of {statement.counts.exam:,} pictures is too small to prove that at most "
            f"{statement.differ_at_most:,} differ"
        )
    if statement.cut.above == inf:
        unknown = sum(one == inf for one in wrong)
        return f"{unknown:,} pictures of the exam have no answer, or could not be looked at"
    return ""


def _asked(examined: Sequence[Examined], counts: Counts, above: float) -> float:
    """The share of the archive that is asked, about: the exam stands for the rest."""
    if not counts.all:
        return 1.0
    local = sum(one.said is not None and one.said.stands_above(above) for one in examined)
    share = local / counts.exam if counts.exam else 0.0
    return 1 - share * counts.rest / counts.all


def _losses(
    examined: Sequence[Examined], counts: Counts, above: float, alpha: float
) -> tuple[LabelLoss, ...]:
    shown, lost = Counter[str](), Counter[str]()
    for one in examined:
        shown.update(one.truth)
        if one.said is not None and one.said.stands_above(above):
            lost.update(label for label in one.truth if label not in one.told)
    error = alpha / max(1, len(shown))
    bounds: dict[int, int] = {
        some: _lost_at_most(some, counts, error) for some in {lost[label] for label in shown}
    }
    return tuple(
        LabelLoss(label, shown[label], lost[label], bounds[lost[label]]) for label in sorted(shown)
    )


def _lost_at_most(lost: int, counts: Counts, alpha: float) -> int:
    """The most of a label that are lost among the rest, given those that are in the exam."""
    low, high = lost, counts.not_learnt
    while low < high:
        middle = (low + high + 1) // 2
        if drawn_at_most(lost, counts.not_learnt, middle, counts.exam) > alpha:
            low = middle
        else:
            high = middle - 1
    return min(low - lost, counts.rest)
