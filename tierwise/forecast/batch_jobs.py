"""The jobs that questions in batch are made into, and how often some wait for others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tierwise.forecast.request_bytes import request_bytes
from tierwise.forecast.survey import Survey
from tierwise.forecast.workload import Load
from tierwise.job_limits import JobLimits
from tierwise.records import ServiceTier
from tierwise.tasks import Task


@dataclass(frozen=True, slots=True)
class JobsOf:
    """The jobs of questions that go together: those of one model that share requests.

    All figures are about, and of all jobs together; `tokens` are those of the input.
    """

    model: str
    tasks: tuple[str, ...]
    jobs: int
    requests: int
    bytes: int
    tokens: int


def jobs_of(
    tasks: Sequence[Task],
    loads: Sequence[Load],
    survey: Survey,
    limits: JobLimits,
    enqueued: int | None,
) -> JobsOf:
    """The jobs of tasks that share requests, or of one.

    `enqueued` are the tokens that may wait in jobs of the model at a time, None without a limit:
    no job may be larger.
    """
    requests = sum(load.requests for load in loads)
    tokens = sum(load.usage.input_tokens for load in loads)
    size = request_bytes(tasks, loads, survey, named=limits.names_pictures) if requests else 0
    return JobsOf(
        model=tasks[0].route.model,
        tasks=tuple(task.ask_name for task in tasks),
        jobs=max(
            _parts(requests, limits.requests),
            _parts(size, limits.usable_bytes),
            _parts(tokens, enqueued) if enqueued else 0,
        ),
        requests=requests,
        bytes=size,
        tokens=tokens,
    )


def rounds_of(
    tasks: Sequence[Task], tiers: Mapping[str, ServiceTier] | None = None
) -> dict[str, int]:
    """By task, the rounds of jobs after which its answers are there, 0 where it waits for none.

    A task of another tier is asked in the pass in which it opens, so it adds no round. `tasks` are
    in an order in which each comes after those it depends on, `tiers` those that are not its own.
    """
    found: dict[str, int] = {}
    for task in tasks:
        before = max((found.get(name, 0) for name in task.depends_on), default=0)
        tier = (tiers or {}).get(task.name, task.route.service_tier)
        found[task.name] = before + (tier is ServiceTier.BATCH)
    return found


def waves(jobs: Sequence[JobsOf], most_jobs: int | None, enqueued: Mapping[str, int]) -> int:
    """How often jobs are handed in until all have been, each wave when the one before has ended.

    Jobs of one kind are taken as equally large, and go in their order.

    >>> some = JobsOf("gemini-3.1-flash-lite", ("a",), 5, 100_000, 0, 30_000_000)
    >>> waves([some], 100, {"gemini-3.1-flash-lite": 10_000_000})
    5

    Args:
        jobs: of one round.
        most_jobs: that may be open at a time; None without a limit.
        enqueued: by model, tokens that may be enqueued at a time; those without have no limit.
    """
    if not jobs:
        return 0
    count: Counter[str] = Counter()
    room: dict[str, int] = {}
    for some in jobs:
        if some.model not in enqueued or not some.jobs:
            continue
        each, limit = _parts(some.tokens, some.jobs), enqueued[some.model]
        if not each:
            continue
        at_a_time = max(1, limit // each)
        left = some.jobs - min(some.jobs, room.get(some.model, 0) // each)
        more = _parts(left, at_a_time)
        count[some.model] += more
        if more:
            room[some.model] = limit - (left - (more - 1) * at_a_time) * each
        else:
            room[some.model] -= some.jobs * each
    together = _parts(sum(some.jobs for some in jobs), most_jobs) if most_jobs else 1
    return max([together, *count.values()])


def _parts(whole: int, most: int) -> int:
    return -(-whole // most)
