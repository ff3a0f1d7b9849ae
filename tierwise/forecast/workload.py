"""The requests, tokens and dollars of one task in one world."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from statistics import fmean, stdev

from tierwise.forecast.replies import reply_tokens
from tierwise.forecast.survey import Groups, SeenImage, Standing, Survey
from tierwise.forecast.worlds import World
from tierwise.images.raster import fitted
from tierwise.models import Model, find_model, forwarded
from tierwise.price_rows import Price
from tierwise.prices import cost_nano_usd, find_price
from tierwise.questions import group_texts, render, request_texts
from tierwise.records import MediaResolution, ServiceTier, Usage
from tierwise.tasks import Task
from tierwise.tasks.grouping import FOLDER
from tierwise.tiers import image_tokens, most_image_tokens, text_tokens

# An image whose header tells no size is taken as a photograph.
_USUAL_SIZE = (4000, 3000)
# What an answer that is not there yet puts into a prompt, in characters.
_ANSWER_IN_PROMPT = "x" * 40
_FOLDER_IN_PROMPT = "a folder's name"
_PROMPTS = 50
# Steps of the price by the length of a prompt are looked at in thousands of tokens.
_STEP = 1000
_LEAD_TOKENS = 2.25
# Thoughts per request at the least level. No source gives figures; users report tens of tokens for
# short answers at `low`, hundreds where thinking has no bound.
_LEAST_THOUGHTS = {"minimal": 0, "low": 64}
_UNBOUNDED_THOUGHTS = 256
_SCHEMA_KEYS = ("responseSchema", "responseJsonSchema")


@dataclass(frozen=True, slots=True)
class Rates:
    """Where and when is asked: what decides tokens and prices beside the route.

    `vertex` and `regional` are Vertex AI's rules; `prices` were negotiated.
    """

    on: date
    vertex: bool = False
    regional: bool = False
    prices: tuple[Price, ...] = ()

    def price(self, model: str, tier: ServiceTier, context_tokens: int = 0) -> Price:
        """The price of a request; raises PriceError where none is known."""
        return _price(self, model, tier, context_tokens // _STEP * _STEP)


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
class Texts:
    """Mean text tokens of a task's requests.

    `alone` is a request with one image; a pack has its `opening` and what each image adds.
    """

    alone: float
    opening: float
    each: float

    def of(self, images: float) -> float:
        """Text tokens of a request with so many images."""
        return self.alone if images == 1 else self.opening + images * self.each


@dataclass(frozen=True, slots=True)
class Workload:
    """One task put to the images of a survey.

    `asked`, `open` and `paid` are images in the whole archive, `asked_error` the standard error
    of their sum as a share of it; `groups` is the number of groups they are asked in, 0 where each
    is asked by itself. `picture` and `picture_at_most` are mean tokens of a picture by
    rule and by the documented maximum, `picture_error` its standard error as a share; `naive` is
    the mean at flat `high`.
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
    picture_error: float
    naive: float

    def load(self, world: World) -> Load:
        """What the task comes to in that world."""
        share = world.shares[self.task.name]
        sampled = max(0.0, 1 + world.sample * self.asked_error)
        images = round((self.asked + self.open * share) * sampled * (1 - world.broken))
        if self.groups:
            return self._requests(self.groups, images / self.groups, world)
        pack = self.task.route.images_per_request
        full, rest = divmod(images, pack)
        return self._requests(full, pack, world) + self._requests(min(rest, 1), rest, world)

    @property
    def questions(self) -> float:
        """Questions in the whole archive if every condition held."""
        return self.groups or self.asked + self.open

    def _requests(self, requests: int, pack: float, world: World) -> Load:
        """So many equal requests, each with `pack` images."""
        if not requests:
            return Load()
        answers = 1 if self.groups else round(pack)
        text = self.texts.of(pack) * world.text
        text += _schema_tokens(self.task, answers) if world.schema else 0
        above = world.pictures * (self.picture_at_most - self.picture)
        pictures = pack * (self.picture + above) * (1 + world.sample * self.picture_error)
        output, thoughts = self._output(answers, world)
        paid = requests * (1 + world.repeats)
        usage = _usage(paid, text, pictures, output, thoughts)
        route = self.task.route
        price = self.rates.price(route.model, route.service_tier, round(text + pictures))
        naive_text = pack * self.texts.alone * world.text
        naive = _usage(requests, naive_text, pack * self.naive, output, thoughts)
        standard = self.rates.price(route.model, ServiceTier.STANDARD)
        return Load(
            images=round(requests * pack),
            requests=round(paid),
            usage=usage,
            cost=cost_nano_usd(usage, price),
            output_cost=cost_nano_usd(replace(usage, input_tokens=0, image_tokens=0), price),
            baseline=cost_nano_usd(naive, standard),
        )

    def _output(self, answers: int, world: World) -> tuple[float, float]:
        """Tokens of reply and thoughts of a request."""
        reply = world.replies[self.task.name]
        thoughts = usual_thoughts(find_model(self.task.route.model))
        return reply_tokens(reply, answers) * world.text, thoughts * world.thoughts


def workload(task: Task, survey: Survey, rates: Rates) -> Workload:
    """The work that a task makes of an archive."""
    standings = [image.standings[task.name] for image in survey.images]
    counted, route = _counted(task, survey), task.route

    def by_rule(width: int, height: int) -> int:
        resolution = route.media_resolution
        return image_tokens(route.model, resolution, width, height, vertex=rates.vertex)

    def at_most(width: int, height: int) -> int:
        resolution = route.media_resolution
        return most_image_tokens(route.model, resolution, width, height, vertex=rates.vertex)

    def at_high(width: int, height: int) -> int:
        resolution = MediaResolution.HIGH
        return image_tokens(route.model, resolution, width, height, vertex=rates.vertex)

    pictures = _over_pictures(task, counted, by_rule)
    scale = survey.scale * (1 - survey.twins.get(task.name, 0) / max(1, survey.files))
    groups = survey.groups.get(task.name, Groups(0, 0))
    if task.per and survey.files:  # files beyond the most of a group are not sent
        scale *= groups.files / survey.files
    return Workload(
        task=task,
        rates=rates,
        texts=_texts(task, (counted or survey.images)[:_PROMPTS]),
        asked=scale * standings.count(Standing.ASKED),
        open=scale * standings.count(Standing.OPEN),
        paid=scale * standings.count(Standing.PAID),
        groups=groups.groups,
        asked_error=_relative_error(survey.images_per_file, survey),
        picture=_mean(pictures),
        picture_at_most=_mean(_over_pictures(task, counted, at_most)),
        picture_error=_relative_error(pictures, survey),
        naive=_mean(_over_pictures(task, counted, at_high, original=True)),
    )


@lru_cache(maxsize=512)
def _price(rates: Rates, model: str, tier: ServiceTier, context_tokens: int) -> Price:
    return find_price(
        forwarded(find_model(model), rates.on).name,
        tier,
        rates.on,
        regional=rates.regional,
        context_tokens=context_tokens,
        prices=rates.prices,
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


def mean_over_pictures(
    task: Task, survey: Survey, tokens: Callable[[int, int], int], *, original: bool = False
) -> float:
    """The mean of a rule over the pictures that a task may send; 0 when it sends none."""
    return _mean(_over_pictures(task, _counted(task, survey), tokens, original=original))


def _counted(task: Task, survey: Survey) -> list[SeenImage]:
    """The images that a task may be asked of."""
    wanted = (Standing.ASKED, Standing.OPEN)
    return [image for image in survey.images if image.standings[task.name] in wanted]


def _over_pictures(
    task: Task,
    images: Sequence[SeenImage],
    tokens: Callable[[int, int], int],
    *,
    original: bool = False,
) -> list[int]:
    """A rule applied to each picture as it is sent, or as it is in the archive."""
    if task.reads == "text":
        return []
    side = task.route.image.max_side
    sizes = (
        (image.width, image.height) if image.width and image.height else _USUAL_SIZE
        for image in images
    )
    return [tokens(*(size if original else fitted(*size, side))) for size in sizes]


def _texts(task: Task, images: Sequence[SeenImage]) -> Texts:
    answers = dict.fromkeys(task.depends_on, _ANSWER_IN_PROMPT)
    folder = {FOLDER: _FOLDER_IN_PROMPT} if task.per else {}
    prompts = [
        render(task, filename=image.name, columns={**folder, **image.columns}, answers=answers)
        for image in images
    ]
    if not prompts:
        return Texts(0, 0, 0)
    if task.per:
        together = text_tokens(group_texts(prompts[0], 2).opening)
        return Texts(text_tokens(prompts[0].whole), together, 0)
    two = request_texts([prompts[0], prompts[0]])
    return Texts(
        alone=fmean(text_tokens(prompt.whole) for prompt in prompts),
        opening=text_tokens(two.opening),
        # "Image 12: " and a line break stand around what is the image's own.
        each=fmean(text_tokens(prompt.own) for prompt in prompts) + _LEAD_TOKENS,
    )


def _schema_tokens(task: Task, pack: int) -> int:
    config = task.response_config(pack)
    return sum(text_tokens(json.dumps(config[key])) for key in _SCHEMA_KEYS if key in config)


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0


def _relative_error(values: Sequence[float], survey: Survey) -> float:
    """The standard error of a mean as a share of it, for a sample without replacement."""
    if survey.complete or len(values) < 2 or not any(values):
        return 0.0
    unseen = 1 - survey.sampled_files / survey.files
    return float(stdev(values) / fmean(values) * (unseen / len(values)) ** 0.5)
