"""The requests, tokens and dollars of one task in one scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from statistics import fmean, stdev

from tierwise.forecast.pictures import images_of, mean, original_tokens, routed_tokens
from tierwise.forecast.rates import Rates
from tierwise.forecast.replies import prompt_tokens, reply_tokens
from tierwise.forecast.scenarios import Scenario
from tierwise.forecast.survey import Groups, Standing, Survey
from tierwise.forecast.texts import (
    CHECK_REPLY_TOKENS,
    Texts,
    check_text_tokens,
    schema_tokens,
    texts_of,
)
from tierwise.models import Model, find_model
from tierwise.prices.prices import cost_nano_usd
from tierwise.records import ServiceTier, Usage
from tierwise.tasks import Task

# Thoughts per request at the least level. No source gives figures; users report tens of tokens for
# short answers at `low`, hundreds where thinking has no bound.
_LEAST_THOUGHTS = {"minimal": 0, "low": 64}
_UNBOUNDED_THOUGHTS = 256


@dataclass(frozen=True, slots=True)
class Load:
    """What a task comes to; `images` are questions.

    `cost`, `output_cost` (the part of it for replies and thoughts) and `baseline` are in
    nano-dollars.
    """

    images: int = 0
    requests: int = 0
    usage: Usage = Usage()
    cost: int = 0
    output_cost: int = 0
    baseline: int = 0

    def __add__(self, other: Load) -> Load:
        return Load(
            self.images + other.images,
            self.requests + other.requests,
            self.usage + other.usage,
            self.cost + other.cost,
            self.output_cost + other.output_cost,
            self.baseline + other.baseline,
        )


@dataclass(frozen=True, slots=True)
class Workload:
    """One task put to the images of a survey.

    `asked`, `open` and `paid` are images in the whole archive, `asked_error` the standard error
    of their sum as a share of it; `groups` is the number of groups they are asked in, 0 where each
    is asked by itself. `picture` and `picture_at_most` are mean tokens of a picture (an
    image or a contact sheet) by rule and by the documented maximum, `picture_error` its standard
    error as a share; `raised` is the mean by rule if all pictures of which the fine detail is not
    known had much of it; `naive` is the mean of an image at flat `high`.
    """

    task: Task
    rates: Rates
    texts: Texts
    asked: float
    open: float
    paid: float
    asked_error: float
    groups: int
    picture: float
    picture_at_most: float
    raised: float
    picture_error: float
    naive: float

    def load(self, scenario: Scenario) -> Load:
        """What the task comes to in that scenario."""
        share = scenario.shares[self.task.name]
        sampled = max(0.0, 1 + scenario.sample * self.asked_error)
        images = round((self.asked + self.open * share) * sampled * (1 - scenario.broken))
        if self.groups:
            return self._requests(self.groups, images / self.groups, scenario)
        pack = self.task.route.images_per_request
        full, rest = divmod(images, pack)
        return self._requests(full, pack, scenario) + self._requests(min(rest, 1), rest, scenario)

    @property
    def questions(self) -> float:
        """Questions in the whole archive if every condition held."""
        return self.groups or self.asked + self.open

    def _requests(self, requests: int, pack: float, scenario: Scenario) -> Load:
        """So many equal requests, each with `pack` images."""
        if not requests:
            return Load()
        answers = 1 if self.groups else round(pack)
        earlier = self._earlier_answers(scenario)
        text = (self.texts.of(pack) + pack * earlier) * scenario.text
        text += schema_tokens(self.task, answers) if scenario.schema else 0
        checked = self._checked_share(answers)
        text += checked * check_text_tokens(pack)
        above = scenario.pictures * (self.picture_at_most - self.picture)
        above += scenario.detail[self.task.name] * (self.raised - self.picture)
        sheet = self.task.route.images_per_sheet
        sent = pack if sheet == 1 else ceil(pack / sheet)
        pictures = sent * (self.picture + above) * (1 + scenario.sample * self.picture_error)
        output, thoughts = self._output(answers, scenario)
        output += checked * answers * CHECK_REPLY_TOKENS
        paid = requests * (1 + scenario.repeats)
        usage = _usage(paid, text, pictures, output, thoughts)
        route = self.task.route
        price = self.rates.price(route.model, route.service_tier, round(text + pictures))
        naive_text = pack * (self.texts.alone + earlier) * scenario.text
        naive = _usage(requests, naive_text, pack * self.naive, output, thoughts)
        standard = self.rates.price(route.model, ServiceTier.STANDARD)
        return Load(
            images=round(requests * pack),
            requests=round(paid),
            usage=usage,
            cost=cost_nano_usd(usage, price),
            output_cost=cost_nano_usd(replace(usage, input_tokens=0, image_tokens=0), price),
            # The naive way asks each image once.
            baseline=0 if self.task.after_first else cost_nano_usd(naive, standard),
        )

    def _earlier_answers(self, scenario: Scenario) -> float:
        """Tokens of the answers that the prompt for one image tells."""
        return sum(prompt_tokens(scenario.replies[name]) for name in self.task.reads_answers)

    def _checked_share(self, answers: int) -> float:
        """The share of such requests whose items repeat a word: packs without sheets."""
        plain = answers > 1 and self.task.route.images_per_sheet == 1
        return self.rates.check_packs if plain else 0.0

    def _output(self, answers: int, scenario: Scenario) -> tuple[float, float]:
        """Tokens of reply and thoughts of a request."""
        reply = scenario.replies[self.task.name]
        thoughts = usual_thoughts(find_model(self.task.route.model))
        return reply_tokens(reply, answers) * scenario.text, thoughts * scenario.thoughts


def workload(task: Task, survey: Survey, rates: Rates) -> Workload:
    """The work that a task makes of an archive."""
    standings = [image.standings[task.name] for image in survey.images]
    images, route = images_of(task, survey), task.route
    pictures = routed_tokens(task, images, rates.picture, detail=0)
    at_most = routed_tokens(task, images, rates.picture_at_most, detail=0)
    raised = routed_tokens(task, images, rates.picture, detail=1)
    naive = original_tokens(task, images, partial(rates.naive_picture, route))
    scale = survey.scale * (1 - survey.twins.get(task.name, 0) / max(1, survey.files))
    groups = survey.groups.get(task.name, Groups(0, 0))
    if task.per and survey.files:  # files beyond the most of a group are not sent
        scale *= groups.files / survey.files
    return Workload(
        task=task,
        rates=rates,
        texts=texts_of(task, images or survey.images),
        asked=scale * standings.count(Standing.ASKED),
        open=scale * standings.count(Standing.OPEN),
        paid=groups.paid or scale * standings.count(Standing.PAID),
        groups=groups.groups,
        asked_error=_relative_error(survey.images_per_file, survey),
        picture=mean(pictures),
        picture_at_most=mean(at_most),
        raised=mean(raised),
        picture_error=_relative_error(pictures, survey),
        naive=mean(naive),
    )


def usual_thoughts(model: Model) -> float:
    """Tokens that a model thinks per request when it is told to think as little as it can."""
    if model.thinking_levels:
        return _LEAST_THOUGHTS.get(model.thinking_levels[0], _UNBOUNDED_THOUGHTS)
    bounded = model.thinking_budget_off is not None or model.default_thinking == "off"
    return 0 if bounded else _UNBOUNDED_THOUGHTS


def _usage(requests: float, text: float, pictures: float, output: float, thoughts: float) -> Usage:
    return Usage(
        input_tokens=round(requests * (text + pictures)),
        image_tokens=round(requests * pictures),
        output_tokens=round(requests * output),
        thought_tokens=round(requests * thoughts),
    )


def _relative_error(values: Sequence[float], survey: Survey) -> float:
    """The standard error of a mean as a share of it, for a sample without replacement."""
    if survey.complete or len(values) < 2 or not any(values):
        return 0.0
    unseen = 1 - survey.sampled_files / survey.files
    return float(stdev(values) / fmean(values) * (unseen / len(values)) ** 0.5)
