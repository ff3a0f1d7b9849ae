"""The requests, tokens and dollars of one task in one scenario."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from math import ceil
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from tierwise.forecast.by_role import ALL_ASKED, Parts, by_role
from tierwise.forecast.cached_prompts import PlannedCache, planned_cache
from tierwise.forecast.pictures import images_of, original_tokens_of, tokens_of, typical
from tierwise.forecast.rates import Rates
from tierwise.forecast.replies import prompt_tokens, reply_tokens, row_tokens
from tierwise.forecast.resampling import Weights
from tierwise.forecast.scenarios import Scenario, by_name, in_row
from tierwise.forecast.survey import Groups, SeenImage, Standing, Survey
from tierwise.forecast.texts import (
    CHECK_REPLY_TOKENS,
    Texts,
    check_text_tokens,
    schema_tokens,
    texts_of,
)
from tierwise.looks import pack_size, unpacked
from tierwise.models import Model, find_model
from tierwise.prices.cache_terms import naming_a_cache
from tierwise.prices.prices import cost_nano_usd
from tierwise.records import MediaResolution, Page, ServiceTier, Usage
from tierwise.tasks import Task
from tierwise.tasks.examples import example_tokens

# The images of a workload, by the places of their files in the sample.
_OfPlaces = Mapping[int, Sequence[SeenImage]]

# Thoughts per request at the least level. No source gives figures; users report tens of tokens for
# short answers at `low`, hundreds where thinking has no bound.
_LEAST_THOUGHTS = {"minimal": 0, "low": 64}
_UNBOUNDED_THOUGHTS = 256


@dataclass(frozen=True, slots=True)
class Load:
    """What a task comes to; `images` are questions.

    `cost`, `output_cost` (the part of it for replies and thoughts) and `baseline` are in
    nano-dollars; `naive_requests` is its part of the requests of the naive way.
    """

    images: int = 0
    requests: int = 0
    usage: Usage = Usage()
    cost: int = 0
    output_cost: int = 0
    baseline: int = 0
    naive_requests: float = 0.0

    def __add__(self, other: Load) -> Load:
        return Load(
            self.images + other.images,
            self.requests + other.requests,
            self.usage + other.usage,
            self.cost + other.cost,
            self.output_cost + other.output_cost,
            self.baseline + other.baseline,
            self.naive_requests + other.naive_requests,
        )


@dataclass(frozen=True, slots=True)
class Pictures:
    """The images of a workload: how many in the whole archive are `asked` and `open`.

    `picture` and `picture_at_most` are mean tokens of a picture (an image or a contact sheet) by
    rule and by the documented maximum; `raised` is the mean by rule if all pictures of which the
    fine detail is not known had much of it; `naive` is the mean of an image at flat `high`, `names`
    how many names a content has.
    """

    asked: float
    open: float
    picture: float
    picture_at_most: float
    raised: float
    naive: float
    names: float


@dataclass(frozen=True, slots=True)
class OfFiles:
    """What the images of a workload come to in each file of the sample that has some.

    `places` are those of the files in the sample. The rows of `sums` are, in this order, sums over
    the images of each file of what `Pictures` has, `names` being images under all their names.
    """

    places: NDArray[np.intp]
    sums: NDArray[np.float64]

    def pictures(self, weights: Weights) -> Pictures:
        """What they come to where each file of the sample stands for so many files."""
        asked, open_, *others = (float(total) for total in self.sums @ weights[self.places])
        images = asked + open_
        return Pictures(asked, open_, *(total / images if images else 0.0 for total in others))


@dataclass(frozen=True, slots=True)
class Workload:
    """One task put to the images of a survey, or several in the same requests.

    `groups` is the number of groups they are asked in, 0 where each is asked by itself. `drawn` are
    the tokens of the picture that each task has drawn, mean over the images; 0 for most.
    """

    tasks: tuple[Task, ...]
    rates: Rates
    texts: Texts
    groups: int
    files: OfFiles
    drawn: tuple[float, ...]

    def loads(self, scenario: Scenario) -> dict[str, Load]:
        """What each task comes to in that scenario, by name."""
        seen = self.files.pictures(scenario.weights)
        share = scenario.shares[self.tasks[0].name]
        images = round(
            (seen.asked + seen.open * share) * (1 - scenario.broken) * (1 - scenario.followers)
        )
        if self.groups:
            return self._requests(self.groups, images / self.groups, seen, scenario)
        pack = self._pack
        full, rest = divmod(images, pack)
        many = self._requests(full, pack, seen, scenario)
        last = self._requests(min(rest, 1), rest, seen, scenario)
        return {name: load + last[name] for name, load in many.items()}

    def load(self, scenario: Scenario) -> Load:
        """The sum over its tasks."""
        return sum(self.loads(scenario).values(), Load())

    def _requests(
        self, requests: int, pack: float, seen: Pictures, scenario: Scenario
    ) -> dict[str, Load]:
        """So many equal requests, each with `pack` images."""
        if not requests:
            return {task.name: Load() for task in self.tasks}
        route, answers = self.tasks[0].route, 1 if self.groups else round(pack)
        words = [self._words(place, pack, scenario) for place in range(len(self.tasks))]
        around = self._text_around(pack, answers, scenario)
        replies = [self._reply(task, scenario) for task in self.tasks]
        output = self._output(replies, answers, scenario)
        above = scenario.pictures * (seen.picture_at_most - seen.picture)
        above += scenario.detail[self.tasks[0].name] * (seen.raised - seen.picture)
        sheet = route.images_per_sheet
        sent = pack if sheet == 1 else ceil(pack / sheet)
        examples = self._example_tokens
        pictures = sent * (seen.picture + above) + examples
        thoughts = usual_thoughts(find_model(route.model)) * scenario.thoughts
        paid = requests * (1 + scenario.repeats)
        cache = self._cache(paid, pack, scenario)
        text = sum(words) + around
        standard = self.rates.price(route.model, ServiceTier.STANDARD)
        price = self.rates.price(route.model, route.service_tier, round(text + pictures))
        price = naming_a_cache(standard, price)
        named = requests * seen.names / (1 - scenario.followers)
        forms = 1 if self.groups else pack
        each, found = 1 / len(self.tasks), dict[str, Load]()
        for place, task in enumerate(self.tasks):
            drawn = self.drawn[place]
            written = 0 if drawn else output * replies[place] / sum(replies)
            part = written + drawn, thoughts * each, drawn
            own = words[place] + around * each
            usage = _usage(paid, own, pictures * each, *part)
            alike = own + examples * each
            named_by = cache.requests * cache.tokens * alike / (text + examples) if text else 0
            cached = min(round(named_by), usage.input_tokens)
            usage = replace(usage, cached_tokens=cached)
            earlier = self._earlier_answers(task, scenario)
            alone = forms * (self.texts.alone[place] + earlier) * scenario.text
            goes_on = bool(task.cut_by) and not task.after_refusal
            looks = 0 if goes_on else 1 / max(1, len(task.first_questions))
            alike = example_tokens(
                task.examples_shown,
                route.model,
                MediaResolution.HIGH,
                vertex=self.rates.vertex,
            )
            naive = _usage(named, alone, pack * (seen.naive * looks + alike), *part)
            # The naive way asks each image once, and nothing for an audit; where a tree is asked in
            # two questions, it has the words of both.
            counted = not (task.audit or (task.after_first and not goes_on))
            found[task.name] = Load(
                images=round(requests * pack),
                requests=0 if place else round(paid),
                usage=usage,
                cost=cost_nano_usd(usage, price) + round(cache.cost * each),
                output_cost=cost_nano_usd(_usage(paid, 0, 0, *part), price),
                baseline=counted * cost_nano_usd(naive, standard),
                naive_requests=counted * named * forms * looks,
            )
        return found

    def cache(self, scenario: Scenario) -> PlannedCache | None:
        """What a cache does for its requests, None where there are none."""
        seen, pack = self.files.pictures(scenario.weights), self._pack
        share = scenario.shares[self.tasks[0].name]
        images = (seen.asked + seen.open * share) * (1 - scenario.broken)
        requests = self.groups or images // pack
        return self._cache(requests, pack, scenario) if requests else None

    @property
    def _pack(self) -> int:
        return pack_size([task.route for task in self.tasks])

    def _cache(self, requests: float, pack: float, scenario: Scenario) -> PlannedCache:
        around = self.texts.single if pack == 1 or self.groups else self.texts.opening
        tokens = (sum(self.texts.words) + around) * scenario.text
        if find_model(self.tasks[0].route.model).caches_pictures:
            tokens += self._example_tokens
        return planned_cache(self.tasks, tokens, requests, self.rates)

    @property
    def _example_tokens(self) -> int:
        """Of the examples that stand in each request."""
        task, vertex = self.tasks[0], self.rates.vertex
        shown, route = task.examples_shown, task.route
        return example_tokens(shown, route.model, route.media_resolution, vertex=vertex)

    def _words(self, place: int, pack: float, scenario: Scenario) -> float:
        """Tokens of a request's words that are one task's own."""
        earlier = self._earlier_answers(self.tasks[place], scenario)
        return (self.texts.words[place] + pack * earlier) * scenario.text

    def _text_around(self, pack: float, answers: int, scenario: Scenario) -> float:
        """Tokens of a request's text that are no task's own."""
        text = self.texts.around(pack) * scenario.text
        text += schema_tokens(self.tasks, answers) if scenario.schema else 0
        return text + self._checked_share(answers) * check_text_tokens(pack)

    def _earlier_answers(self, task: Task, scenario: Scenario) -> float:
        """Tokens of the answers that the prompt for one image tells."""
        return sum(prompt_tokens(scenario.replies[name]) for name in task.reads_answers)

    def _checked_share(self, answers: int) -> float:
        """The share of such requests whose items repeat a word: packs of one task, no sheets."""
        alone = len(self.tasks) == 1 and self.tasks[0].route.images_per_sheet == 1
        return self.rates.check_packs if alone and answers > 1 else 0.0

    def _reply(self, task: Task, scenario: Scenario) -> float:
        """Characters of one answer, alone or in a row with others."""
        if len(self.tasks) == 1:
            return scenario.replies[task.name]
        return scenario.replies[(by_name if self.rates.by_name else in_row)(task.name)]

    def _output(self, replies: Sequence[float], answers: int, scenario: Scenario) -> float:
        """Tokens of the reply of a request."""
        if len(self.tasks) > 1:
            return row_tokens(replies, answers) * scenario.text
        checked = self._checked_share(answers) * answers * CHECK_REPLY_TOKENS
        return reply_tokens(replies[0], answers) * scenario.text + checked


def workloads(
    tasks: Sequence[Task], survey: Survey, rates: Rates, parts: Parts = ALL_ASKED
) -> list[Workload]:
    """The work that tasks make of an archive, in the requests that they share.

    Second asks are taken as if each went alone: who is in doubt about what is not known. `parts`
    say how much is asked of what learns, examines, and is left, of tasks with `local`.
    """
    found = []
    for look in dict.fromkeys(task.look or (task.name,) for task in tasks):
        some = [task.narrowed({}) for task in tasks if task.name in look]
        kinds: dict[tuple[Task, ...], dict[int, list[SeenImage]]] = {}
        counts: dict[tuple[Task, ...], dict[int, list[float]]] = {}
        together = cache(partial(_together, tuple(some)))
        for place, file in enumerate(survey.seen):
            for image in file.images:
                standings = tuple(image.standings[task.name] for task in some)
                for kind, weight in _kinds(together(image.page, standings), image, parts):
                    kinds.setdefault(kind, {}).setdefault(place, []).append(image)
                    counts.setdefault(kind, {}).setdefault(place, []).append(weight)
        for task in some:
            if not any(task.name in (one.name for one in kind) for kind in kinds):
                kinds[task,] = {}
        found += [
            _workload(kind, of_files, survey, rates, counts.get(kind))
            for kind, of_files in kinds.items()
        ]
    return found


def _kinds(
    together: Sequence[tuple[Task, ...]], image: SeenImage, parts: Parts
) -> Iterator[tuple[tuple[Task, ...], float]]:
    for tasks in together:
        yield from by_role(tasks, image, parts)


def workload(task: Task, survey: Survey, rates: Rates) -> Workload:
    """The work that a task makes of an archive, asked by itself."""
    images = {place: images_of(task, file) for place, file in enumerate(survey.seen)}
    return _workload((task,), {key: some for key, some in images.items() if some}, survey, rates)


def _together(
    tasks: Sequence[Task], page: Page, standings: Sequence[Standing]
) -> list[tuple[Task, ...]]:
    """The questions about one image of the sample, as they share requests."""
    alike: dict[object, list[Task]] = {}
    for task, standing in zip(tasks, standings, strict=True):
        if standing in (Standing.ASKED, Standing.OPEN):
            route = unpacked(task.decide(page).route)
            alone = task.name if task.after_first or not task.look else ""
            alike.setdefault((route, task.routing, alone), []).append(task)
    return [tuple(some) for some in alike.values()]


def _workload(
    tasks: tuple[Task, ...],
    of_files: _OfPlaces,
    survey: Survey,
    rates: Rates,
    counts: Mapping[int, Sequence[float]] | None = None,
) -> Workload:
    weights = survey.weights
    images = typical(
        [image for some in of_files.values() for image in some],
        [weights[place] for place, some in of_files.items() for _ in some],
    )
    groups = survey.groups.get(tasks[0].name, Groups(0, 0))
    known = images or typical(survey.images, survey.image_weights)
    return Workload(
        tasks=tasks,
        rates=rates,
        texts=texts_of(tasks, known),
        groups=groups.groups,
        drawn=tuple(_drawn_tokens(task, known) for task in tasks),
        files=_of_files(tasks[0], of_files, images, survey, rates, counts=counts or {}),
    )


def _drawn_tokens(task: Task, images: Sequence[SeenImage]) -> float:
    """Of a picture, mean over some images: where answers decide about its size, at the largest."""
    model = task.route.model
    if task.sizes is None or not images:
        return task.answer.drawn_tokens(model)
    sized = (task.sized(image.columns, {}).answer for image in images)
    return fmean(answer.drawn_tokens(model) for answer in sized)


def _of_files(
    task: Task,
    of_files: _OfPlaces,
    mixed: Sequence[SeenImage],
    survey: Survey,
    rates: Rates,
    *,
    counts: Mapping[int, Sequence[float]],
) -> OfFiles:
    rules = (
        tokens_of(task, mixed, rates.picture, detail=0),
        tokens_of(task, mixed, rates.picture_at_most, detail=0),
        tokens_of(task, mixed, rates.picture, detail=1),
        original_tokens_of(task, rates.naive_picture),
    )
    once = [stratum.asked_once(task.name) for stratum in survey.strata for _ in stratum.seen]
    rows = list[tuple[float, ...]]()
    for place, images in of_files.items():
        standings = [image.standings[task.name] for image in images]
        # Of images that count in part all do alike: they are pages of one file.
        part = fmean(counts.get(place, (1.0,)))
        sent = sent_share(task, survey, len(images)) * part
        asked = once[place] * sent
        rows.append(
            (
                asked * standings.count(Standing.ASKED),
                asked * standings.count(Standing.OPEN),
                *(asked * rule(images) for rule in rules),
                sent * len(images),
            )
        )
    places = np.array(list(of_files), dtype=np.intp)
    return OfFiles(places, np.array(rows, dtype=np.float64).reshape(len(rows), 7).T)


def sent_share(task: Task, survey: Survey, images: int) -> float:
    """The share of a file's images that is sent: of a group, no more than fit into its request."""
    if not task.per or not survey.files:
        return 1.0
    files = survey.groups.get(task.name, Groups(0, 0)).files / survey.files
    return files * min(1.0, task.per.most / images)


def questions_left(task: Task, survey: Survey) -> float:
    """Questions in the whole archive if every condition held: of images, or of groups."""
    groups = survey.groups.get(task.name, Groups(0, 0))
    return groups.groups or _counted(task, survey, (Standing.ASKED, Standing.OPEN))


def questions_paid(task: Task, survey: Survey) -> float:
    """Images of which the journal has the answer, in the whole archive."""
    known = [image.standings[task.name] for image in survey.known].count(Standing.PAID)
    groups = survey.groups.get(task.name, Groups(0, 0))
    return groups.paid or _counted(task, survey, (Standing.PAID,)) + survey.known_scale * known


def _counted(task: Task, survey: Survey, standings: Container[Standing]) -> float:
    """Images in the archive, each of another content, with which a task stands so."""
    return sum(
        stratum.scale * stratum.asked_once(task.name) * sent_share(task, survey, len(file.images))
        for stratum in survey.strata
        for file in stratum.seen
        for image in file.images
        if image.standings[task.name] in standings
    )


def usual_thoughts(model: Model) -> float:
    """Tokens that a model thinks per request when it is told to think as little as it can."""
    if model.thinking_levels:
        return _LEAST_THOUGHTS.get(model.thinking_levels[0], _UNBOUNDED_THOUGHTS)
    bounded = model.thinking_budget_off is not None or model.default_thinking == "off"
    return 0 if bounded else _UNBOUNDED_THOUGHTS


def _usage(requests: float, text: float, pictures: float, *part: float) -> Usage:
    """Of so many requests; the last are output tokens, those of thoughts and those of pictures."""
    output, thoughts, drawn = part
    return Usage(
        input_tokens=round(requests * (text + pictures)),
        image_tokens=round(requests * pictures),
        output_tokens=round(requests * output),
        thought_tokens=round(requests * thoughts),
        drawn_tokens=round(requests * drawn),
    )
