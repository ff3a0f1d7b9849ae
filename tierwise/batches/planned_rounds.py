"""The rounds of a run in batch, before it begins: their jobs, and how long they may take.

A round writes all questions that are open as jobs. What depends on their answers is in the next
one, unless so little is left that it is asked at once (`small_rounds`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tierwise.batches.enqueued import EnqueuedLimit, enqueued_limit
from tierwise.batches.ordering import LEAST_TO_TRY
from tierwise.batches.small_rounds import asked_at_once
from tierwise.forecast.at_tiers import loads_at, offered_tiers
from tierwise.forecast.batch_jobs import JobsOf, jobs_of, rounds_of, waves
from tierwise.forecast.rates import Rates
from tierwise.forecast.survey import Survey
from tierwise.forecast.workload import Load
from tierwise.job_limits import EARLIEST_S, JobLimits, job_limits
from tierwise.records import ServiceTier
from tierwise.tasks import Task


@dataclass(frozen=True, slots=True)
class PlannedRound:
    """One round; `waves` is how often jobs have to wait until earlier ones end, 1 if they need not.

    `at_once` is the tier at which it is asked without jobs, None with.
    """

    number: int
    jobs: tuple[JobsOf, ...]
    waves: int
    at_once: ServiceTier | None = None

    @property
    def tried(self) -> bool:
        """Whether a small job goes first, unless Google has answered such requests before."""
        return any(some.requests > LEAST_TO_TRY for some in self.jobs)

    @property
    def requests(self) -> int:
        """Of all its jobs."""
        return sum(some.requests for some in self.jobs)


@dataclass(frozen=True, slots=True)
class PlannedBatch:
    """All rounds. `enqueued` are the limits by model; `saved` is what batch saves, by other tier.

    Times are in seconds: the soonest that anybody has seen, Google's target, and when the last job
    expires at the latest.
    """

    rounds: tuple[PlannedRound, ...]
    limits: JobLimits
    enqueued: Mapping[str, EnqueuedLimit] = field(default_factory=dict)
    saved: Mapping[ServiceTier, int] = field(default_factory=dict)

    @property
    def in_jobs(self) -> tuple[PlannedRound, ...]:
        """The rounds that wait for jobs."""
        return tuple(one for one in self.rounds if one.at_once is None)

    @property
    def waits(self) -> int:
        """How often jobs are waited for, one after the other."""
        return sum(one.waves for one in self.in_jobs)

    @property
    def earliest_s(self) -> float:
        """Every job as fast as small ones have been, trials before others."""
        return (self.waits + sum(one.tried for one in self.in_jobs)) * EARLIEST_S

    @property
    def target_s(self) -> float:
        """Every job within Google's target."""
        return self.waits * self.limits.target_s

    @property
    def expires_s(self) -> float:
        """No job ever done before it expires."""
        return self.waits * self.limits.expires_s


def planned_batch(
    tasks: Sequence[Task],
    survey: Survey,
    rates: Rates,
    fallbacks: Mapping[str, ServiceTier | None],
    usage_tier: int,
) -> PlannedBatch | None:
    """The rounds in which the tasks of the batch tier are asked, None where there are none.

    Args:
        tasks: all that are asked, each after those it depends on.
        survey: what was seen of the archive.
        rates: where and when is asked.
        fallbacks: by model, the tier of small rounds; None for none.
        usage_tier: 1 to 3, at the Developer API.
    """
    batched = [task for task in tasks if task.route.service_tier is ServiceTier.BATCH]
    if not batched:
        return None
    limits = job_limits(vertex=rates.vertex)
    loads = loads_at(tasks, {}, survey, rates)
    models = dict.fromkeys(task.route.model for task in batched)
    enqueued = {} if rates.vertex else {name: enqueued_limit(name, usage_tier) for name in models}
    plan = _Planning(batched, loads, survey, limits, enqueued)
    later = {task.name: fallbacks.get(task.route.model) for task in batched}
    at_fallback = {name: tier for name, tier in later.items() if tier}
    extra = _dearer(loads_at(tasks, at_fallback, survey, rates), loads)
    paid = sum(load.cost for name, load in loads.items() if name not in later)
    rounds = list[PlannedRound]()
    numbers = rounds_of(tasks)
    for number in range(1, max(numbers[task.name] for task in batched) + 1):
        some = [task for task in batched if numbers[task.name] == number]
        found = plan.round(number, some)
        if number > 1 and found.requests:
            [tier, *others] = dict.fromkeys(later[task.name] for task in some)
            more = sum(extra.get(task.name, 0) for task in some)
            if not others and asked_at_once(found.requests, more, paid, tier):
                found = PlannedRound(number, found.jobs, 0, tier)
        if found.requests:
            rounds.append(found)
        paid += sum(loads[task.name].cost for task in some)
    return PlannedBatch(
        tuple(rounds), limits, enqueued, dict(_saved(tasks, batched, loads, survey, rates))
    )


def _dearer(some: Mapping[str, Load], than: Mapping[str, Load]) -> dict[str, int]:
    return {name: load.cost - than[name].cost for name, load in some.items()}


def _saved(
    tasks: Sequence[Task],
    batched: Sequence[Task],
    loads: Mapping[str, Load],
    survey: Survey,
    rates: Rates,
) -> Iterator[tuple[ServiceTier, int]]:
    """What batch saves against tiers that all of these tasks could have."""
    for tier in (ServiceTier.STANDARD, ServiceTier.FLEX):
        if all(tier in offered_tiers(task.route.model, rates) for task in batched):
            other = loads_at(tasks, dict.fromkeys((t.name for t in batched), tier), survey, rates)
            yield tier, sum(_dearer(other, loads).values())


@dataclass(frozen=True, slots=True)
class _Planning:
    """What jobs are made of."""

    tasks: Sequence[Task]
    loads: Mapping[str, Load]
    survey: Survey
    limits: JobLimits
    enqueued: Mapping[str, EnqueuedLimit]

    def round(self, number: int, tasks: Sequence[Task]) -> PlannedRound:
        looks = dict.fromkeys(task.look or (task.name,) for task in tasks)
        jobs = [self._jobs([task for task in tasks if task.name in look]) for look in looks]
        jobs = [some for some in jobs if some.requests]
        room = {name: limit.tokens for name, limit in self.enqueued.items()}
        return PlannedRound(number, tuple(jobs), waves(jobs, self.limits.jobs, room))

    def _jobs(self, tasks: Sequence[Task]) -> JobsOf:
        loads = [self.loads[task.name] for task in tasks]
        limit = self.enqueued.get(tasks[0].route.model)
        return jobs_of(tasks, loads, self.survey, self.limits, limit.tokens if limit else None)
