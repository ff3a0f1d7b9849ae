"""How many of the images a task will be asked of when its condition waits for other answers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tierwise.answers.json_schemas import Schema
from tierwise.forecast.survey import Standing, Survey
from tierwise.tasks import Task

_IMAGINED_IMAGES = 400
_CHANCE_OF_EACH_LABEL = 0.3
_FEW = 0.5
_MOST = 0.9
_CERTAIN = 1_000_000
# Of pictures that a task is asked of, how many Gemini is taken to decline where nobody knows: it is
# no finding, but stands for few. It counts like so many pictures that were seen.
_ASSUMED_DECLINED = 0.01
_ASSUMED_COUNTS = 20
# What is imagined counts like half an image that was seen. Archives are often of one kind, all
# receipts say, so that nearly none or nearly all is likelier than any share between.
_IMAGINED_COUNTS = 0.5
_SEED = 20261123


@dataclass(frozen=True, slots=True)
class Share:
    """A share of images as a Beta distribution.

    `yes` and `no` count like images that were seen.
    """

    yes: float
    no: float

    @property
    def mean(self) -> float:
        """The expected share, 0 to 1."""
        return self.yes / (self.yes + self.no)

    def drawn(self, rng: random.Random) -> float:
        """One share that may turn out."""
        if self.yes <= 0 or self.no <= 0:
            return self.mean
        return rng.betavariate(self.yes, self.no)


@dataclass(frozen=True, slots=True)
class Declined:
    """The share of pictures taken to be declined, by so many whose fate is known."""

    declined_share: float
    declined_seen: int


_DETAILED = Share(0.5, 1.5)
_CALIBRATED_IMAGES = 40


def asked_shares(tasks: Sequence[Task], survey: Survey) -> dict[str, Share]:
    """By task, the share of its open images that will be asked.

    Without any answers the share is at most half of what it were if all answers were equally
    likely: a condition is written to pick the few, unless it holds of nearly all. Answers that the
    journal has count as evidence.
    """
    imagined = _imagined_shares(tasks)
    shares: dict[str, Share] = {}
    for task in tasks:
        evidence = _evidence(task, survey) if task.depends_on else (0.0, 0.0)
        before = imagined[task.name]
        if task.when:
            before = min(before * max(before, _FEW), _MOST)
        counted = _IMAGINED_COUNTS
        if task.after_refusal:
            counted, before = _ASSUMED_COUNTS, _ASSUMED_DECLINED * shares[task.after_first].mean
        shares[task.name] = Share(
            counted * before + evidence[0], counted * (1 - before) + evidence[1]
        )
        if task.sample is not None and not task.after_refusal:  # what is set is not a guess
            asked_of = shares[task.name].mean * task.sample.share
            shares[task.name] = Share(asked_of * _CERTAIN, (1 - asked_of) * _CERTAIN)
    return shares


def expected_refusals(task: Task, survey: Survey) -> Declined | None:
    """What is expected of a route for refusals; None of other asks."""
    if not task.after_refusal:
        return None
    yes, no = _evidence(task, survey)
    seen = yes + no
    share = (_ASSUMED_COUNTS * _ASSUMED_DECLINED + yes) / (_ASSUMED_COUNTS + seen)
    return Declined(share, round(seen))


def _evidence(task: Task, survey: Survey) -> tuple[float, float]:
    """How many images of the sample are asked, and how many are not, as the journal tells."""
    images = (*survey.images, *survey.known)
    weights = (*survey.image_weights, *(survey.known_scale for _ in survey.known))
    mean = sum(weights) / len(weights) if weights else 1.0
    counts = dict.fromkeys(Standing, 0.0)
    for image, weight in zip(images, weights, strict=True):
        counts[image.standings[task.name]] += weight / mean
    return counts[Standing.ASKED] + counts[Standing.PAID], counts[Standing.SPARED]


def detailed_share(task: Task) -> Share:
    """The share of pictures that a task's rule of fine detail raises, where they have the pixels.

    What a calibration found counts like some dozens of pictures: archives differ from samples.
    Without one, a quarter of them, or as well next to none or half.
    """
    if task.routing.detail_above is None:
        return Share(0, 1)
    found = task.routing.raised_share
    if found is None:
        return _DETAILED
    return Share(found * _CALIBRATED_IMAGES, (1 - found) * _CALIBRATED_IMAGES)


def _imagined_shares(tasks: Sequence[Task]) -> dict[str, float]:
    rng = random.Random(_SEED)  # noqa: S311 - no secret depends on it
    asked = dict.fromkeys((task.name for task in tasks), 0)
    for _ in range(_IMAGINED_IMAGES):
        answers: dict[str, Any] = {}
        for task in tasks:
            if task.is_asked(answers):
                asked[task.name] += 1
                answers[task.name] = _any_value(task.answer.schema(), rng)
    return {name: count / _IMAGINED_IMAGES for name, count in asked.items()}


def _any_value(schema: Schema, rng: random.Random) -> Any:
    """A value that fits a schema, each as likely as the next."""
    if schema.enum:
        return rng.choice(schema.enum)
    if schema.type == "object":
        return {name: _any_value(below, rng) for name, below in schema.properties}
    if schema.type == "array":
        items = schema.items or Schema("string")
        return tuple(item for item in items.enum if rng.random() < _CHANCE_OF_EACH_LABEL)
    if schema.type == "boolean":
        return rng.random() < 0.5
    if schema.type in ("integer", "number"):
        low = 0 if schema.at_least is None else schema.at_least
        high = low + 100 if schema.at_most is None else schema.at_most
        value = rng.uniform(low, high)
        return round(value) if schema.type == "integer" else value
    return "words"
