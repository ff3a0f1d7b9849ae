"""What labelled images say of one task at one route: how right it is, and what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Any

from tierwise.accounts.tables import usd
from tierwise.answers.answer_type import AnswerType, Score
from tierwise.records import Reason, Spent, Usage
from tierwise.statistics.clusters import unit_means
from tierwise.statistics.intervals import mean_interval

_PER_IMAGES = 1000


@dataclass(frozen=True, slots=True)
class Observation:
    """One labelled image at one route.

    `value` is the typed answer, None when there was none; `reason` then says why. `spent` is all
    that was paid for it, whenever that was. `latency_ms` is the request's. `unit` names what fails
    together with it at this route: its file, or the request that it shared; empty for itself alone.
    """

    truth: Any
    value: Any
    reason: Reason | None
    spent: Spent
    latency_ms: int = 0
    model_version: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """One label: images that have it, images that were given it, and both at once."""

    label: str
    images: int
    answered: int
    right: int
    recall: float
    precision: float
    f1: float


@dataclass(frozen=True, slots=True)
class Confused:
    """How often one label was answered for another; `answer` is empty where there was none."""

    label: str
    answer: str
    images: int


@dataclass(frozen=True, slots=True)
class FieldFigures:
    """One property of a struct, or a text as a whole: shares from 0 to 1 of images that have it."""

    name: str
    images: int
    exact: float
    word_f1: float


@dataclass(frozen=True, slots=True)
class Figures:
    """One task at one route.

    `score` is the mean over images, from 0 to 1: the accuracy of a task with one label. `low` and
    `high` are its interval; where images fail together, it holds the mean over units as well.
    `no_answer` counts images by reason. Tokens are means per image; latencies are the median and
    the 90th percentile of requests, in milliseconds.
    """

    images: int
    score: float
    low: float
    high: float
    no_answer: dict[str, int]
    labels: tuple[LabelFigures, ...]
    confusion: tuple[Confused, ...]
    fields: tuple[FieldFigures, ...]
    input_tokens: float
    image_tokens: float
    output_tokens: float
    thought_tokens: float
    usd_per_1000_images: Decimal
    latency_ms: int
    slow_latency_ms: int
    model_versions: tuple[str, ...]


def scores(kind: AnswerType, observations: Iterable[Observation]) -> list[float]:
    """The score of each image."""
    return [kind.score_of(one.truth, one.value) for one in observations]


def figures_of(
    kind: AnswerType, observations: Sequence[Observation], confidence: float = 0.95
) -> Figures:
    """The figures of observations, of which there must be one or more."""
    images = len(observations)
    right = scores(kind, observations)
    by_unit = unit_means(right, [one.unit for one in observations])
    intervals = [mean_interval(values, confidence) for values in (right, by_unit)]
    spent = sum((one.spent for one in observations), Spent())
    latencies = sorted(one.latency_ms for one in observations if one.reason is None)
    reasons = Counter(str(one.reason) for one in observations if one.reason is not None)
    versions = {one.model_version for one in observations if one.model_version}
    return Figures(
        images=images,
        score=sum(right) / images,
        low=min(one.low for one in intervals),
        high=max(one.high for one in intervals),
        no_answer=dict(sorted(reasons.items())),
        labels=_labels(kind, observations),
        confusion=_confusion(kind, observations),
        fields=_fields(kind, observations),
        **_tokens(spent.usage, images),
        usd_per_1000_images=round(usd(spent.cost) * _PER_IMAGES / images, 9),
        latency_ms=_percentile(latencies, 50),
        slow_latency_ms=_percentile(latencies, 90),
        model_versions=tuple(sorted(versions)),
    )


def _labels(kind: AnswerType, observations: Sequence[Observation]) -> tuple[LabelFigures, ...]:
    pairs = [(kind.picked(one.truth), _picked(kind, one.value)) for one in observations]
    found = []
    for label in kind.options():
        images = sum(label in truth for truth, _ in pairs)
        answered = sum(label in value for _, value in pairs)
        right = sum(label in truth and label in value for truth, value in pairs)
        recall, precision = right / images if images else 0.0, right / answered if answered else 0.0
        f1 = 2 * right / (images + answered) if images + answered else 0.0
        found.append(LabelFigures(label, images, answered, right, recall, precision, f1))
    return tuple(found)


def _picked(kind: AnswerType, value: Any) -> tuple[str, ...]:
    return () if value is None else kind.picked(value)


def _confusion(kind: AnswerType, observations: Sequence[Observation]) -> tuple[Confused, ...]:
    if not kind.choices():
        return ()
    counts = Counter((one.truth, one.value or "") for one in observations)
    return tuple(Confused(*pair, images) for pair, images in sorted(counts.items()))


def _fields(kind: AnswerType, observations: Sequence[Observation]) -> tuple[FieldFigures, ...]:
    found: dict[str, list[Score]] = {name: [] for name, _ in kind.schema().properties}
    for one in observations:
        for part in kind.parts(one.truth, one.value):
            found.setdefault(part.name, []).append(part)
    return tuple(_field(name, parts) for name, parts in found.items() if parts)


def _field(name: str, parts: Sequence[Score]) -> FieldFigures:
    images = len(parts)
    exact, by_words = (
        sum(shares) / images for shares in zip(*(one[1:] for one in parts), strict=True)
    )
    return FieldFigures(name, images, exact, by_words)


def _tokens(usage: Usage, images: int) -> dict[str, float]:
    names = ("input_tokens", "image_tokens", "output_tokens", "thought_tokens")
    return {name: getattr(usage, name) / images for name in names}


def _percentile(ascending: Sequence[int], percent: int) -> int:
    """The least number that so many percent of them do not exceed; 0 for none.

    >>> _percentile([10, 20, 30, 40], 50), _percentile([10, 20, 30, 40], 90), _percentile([], 50)
    (20, 40, 0)
    """
    return ascending[ceil(len(ascending) * percent / 100) - 1] if ascending else 0
