"""All tasks in many scenarios: the middle, the interval, and where the spread comes from."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tierwise.accounts.tables import usd
from tierwise.forecast.cached_prompts import PlannedCache
from tierwise.forecast.rates import Rates
from tierwise.forecast.replies import Lengths, joint_lengths, reply_lengths
from tierwise.forecast.resampling import middle_weights, unreadable
from tierwise.forecast.scenarios import (
    Expectations,
    Scenario,
    Unknown,
    by_name,
    drawn_scenario,
    in_row,
    middle_scenario,
)
from tierwise.forecast.shares import Declined, asked_shares, detailed_share, expected_refusals
from tierwise.forecast.survey import Survey
from tierwise.forecast.workload import (
    Load,
    Workload,
    questions_left,
    questions_paid,
    workloads,
)
from tierwise.looks import joint_of
from tierwise.tasks import Task

_SCENARIOS = 200
_SCENARIOS_FOR_ONE_UNKNOWN = 100
# Of 48 pairs of an archive and a tasks file, put to the emulator, the cost of 38 lay within 80 % of
# the scenarios, that of 46 within 90 %; of 70 others, of 63 within 90 % (bench/forecast). A real
# model will surprise more than an emulator.
_SCENARIOS_FOR_ONE_BEYOND = 20
_SEED = 20261123


@dataclass(frozen=True, slots=True)
class DollarInterval:
    """Nano-dollars: the middle, and bounds that the truth is within four times in five."""

    low: int
    middle: int
    high: int

    def widened(self, value: int) -> DollarInterval:
        """The same, with a value inside that belongs there."""
        return DollarInterval(min(self.low, value), value, max(self.high, value))


@dataclass(frozen=True, slots=True)
class TaskForecast:
    """What one task comes to; `paid` questions need no request, `worst` is in nano-dollars.

    `declined` is what is expected of a route for refusals, None for other asks.
    """

    load: Load
    cost: DollarInterval
    paid: int
    worst: int
    declined: Declined | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run comes to. `spread` is the interval of the whole when one unknown alone varies.

    `caches` tell of the prompts of its requests, cached or not.
    """

    survey: Survey
    tasks: Mapping[str, TaskForecast]
    cost: DollarInterval
    spread: Mapping[Unknown, DollarInterval]
    caches: tuple[PlannedCache, ...] = ()

    @property
    def load(self) -> Load:
        """The sum over all tasks."""
        return sum((task.load for task in self.tasks.values()), Load())

    @property
    def worst(self) -> int:
        """The sum of the worst cases, in nano-dollars."""
        return sum(task.worst for task in self.tasks.values())


def forecast(
    tasks: Sequence[Task],
    survey: Survey,
    rates: Rates,
    worst: Mapping[str, int],
    *,
    unknowns: Sequence[Unknown] = tuple(Unknown),
) -> Forecast:
    """What asking these tasks of this archive will cost; the same survey gives the same forecast.

    Second asks go by the name of their task with `@escalated`. `worst` is, by task, the most that
    one question can cost, in nano-dollars; `unknowns` are those whose own spread is wanted.
    """
    work = workloads(tasks, survey, rates)
    known = expectations(tasks, survey)
    middle = loads_of(work, middle_scenario(known))
    rng = random.Random(_SEED)  # noqa: S311 - no secret depends on it
    scenarios = [drawn_scenario(known, rng) for _ in range(_SCENARIOS)]
    found = [loads_of(work, scenario) for scenario in scenarios]
    by_task = {
        task.ask_name: TaskForecast(
            load=middle[task.name],
            cost=_interval([loads[task.name].cost for loads in found]).widened(
                middle[task.name].cost
            ),
            paid=round(questions_paid(task, survey)),
            worst=round(questions_left(task, survey)) * worst[task.name],
            declined=expected_refusals(task, survey),
        )
        for task in tasks
    }
    total = _cost(middle)
    return Forecast(
        survey=survey,
        tasks=by_task,
        cost=_interval([_cost(loads) for loads in found]).widened(total),
        spread={one: _alone(one, work, known, rng).widened(total) for one in unknowns},
        caches=tuple(
            cache for one in work if (cache := one.cache(middle_scenario(known))) is not None
        ),
    )


def loads_of(work: Sequence[Workload], scenario: Scenario) -> dict[str, Load]:
    """What each task comes to in one scenario, by name."""
    found: dict[str, Load] = {}
    for one in work:
        for name, load in one.loads(scenario).items():
            found[name] = found.get(name, Load()) + load
    return found


def expectations(tasks: Sequence[Task], survey: Survey) -> Expectations:
    """What is known before a run of shares and replies.

    Fine detail is seen in the pixels alone; a calibration has told how many had much of it.
    """
    weights = middle_weights(survey.strata)
    return Expectations(
        shares=asked_shares(tasks, survey),
        lengths=_lengths(tasks),
        detail={task.name: detailed_share(task) for task in tasks},
        strata=survey.strata,
        weights=weights,
        unreadable=unreadable(survey.strata, weights),
        shares_alike=survey.shares_alike,
    )


def _lengths(tasks: Sequence[Task]) -> dict[str, Lengths]:
    lengths = {task.name: reply_lengths(task.answer) for task in tasks}
    tasks_by_name = {task.name: task for task in tasks}
    for look in dict.fromkeys(task.look for task in tasks if task.look):
        some = [tasks_by_name[name] for name in look if name in tasks_by_name]
        joint = joint_of(some)
        for form, named in zip(joint.forms(), (in_row, by_name), strict=False):
            found = joint_lengths(joint, form)
            lengths |= {named(task.name): one for task, one in zip(some, found, strict=True)}
    return lengths


def _cost(loads: Mapping[str, Load]) -> int:
    return sum(load.cost for load in loads.values())


def forecast_row(one: Forecast) -> dict[str, Any]:
    """The forecast as JSON; dollars are decimal strings."""
    return {
        "files": one.survey.files,
        **({} if one.survey.of_files is None else {"of_files": one.survey.of_files}),
        "files_looked_at": one.survey.looked_at,
        "images": one.survey.about_images,
        **_load_row(one.load),
        **_interval_row(one.cost),
        "worst_usd": _usd(one.worst),
        "worst_is_bound": one.survey.bounds,
        "tasks": {
            name: {
                "already_paid": task.paid,
                **_load_row(task.load),
                **_interval_row(task.cost),
                "worst_usd": _usd(task.worst),
                **(asdict(task.declined) if task.declined else {}),
            }
            for name, task in one.tasks.items()
        },
        "caches": [_cache_row(cache) for cache in one.caches],
        "uncertainty": {
            str(unknown): _interval_row(interval)
            for unknown, interval in one.spread.items()
            if interval.high > interval.low
        },
    }


def _cache_row(cache: PlannedCache) -> dict[str, Any]:
    return {
        "tasks": list(cache.tasks),
        "model": cache.model,
        "prompt_tokens": cache.tokens,
        "requests": cache.requests,
        "cost_usd": _usd(cache.cost),
        "saved_usd": _usd(cache.saved),
        "why_not": cache.why_not,
    }


def _alone(
    unknown: Unknown, work: Sequence[Workload], known: Expectations, rng: random.Random
) -> DollarInterval:
    scenarios = (
        drawn_scenario(known, rng, frozenset({unknown})) for _ in range(_SCENARIOS_FOR_ONE_UNKNOWN)
    )
    return _interval([_cost(loads_of(work, scenario)) for scenario in scenarios])


def _interval(costs: Sequence[int]) -> DollarInterval:
    """The bounds that one scenario in twenty stays below, and above."""
    ordered = sorted(costs)
    last = len(ordered) - 1
    tail = last // _SCENARIOS_FOR_ONE_BEYOND
    return DollarInterval(ordered[tail], ordered[last // 2], ordered[last - tail])


def _load_row(load: Load) -> dict[str, Any]:
    return {
        "questions": load.images,
        "requests": load.requests,
        "input_tokens": load.usage.input_tokens,
        "cached_tokens": load.usage.cached_tokens,
        "image_tokens": load.usage.image_tokens,
        "output_tokens": load.usage.output_tokens,
        "thought_tokens": load.usage.thought_tokens,
        "drawn_tokens": load.usage.drawn_tokens,
        "output_usd": _usd(load.output_cost),
        "baseline_usd": _usd(load.baseline),
    }


def _interval_row(interval: DollarInterval) -> dict[str, str]:
    return {
        "cost_usd": _usd(interval.middle),
        "low_usd": _usd(interval.low),
        "high_usd": _usd(interval.high),
    }


def _usd(nano: int) -> str:
    return f"{usd(nano):f}"
