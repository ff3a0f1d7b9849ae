"""The cheapest mix of service tiers that ends in time.

What shares requests is at one tier, and so are the stages and the audit of a task: a *group*. Each
is asked in batch, at flex or at standard, and every mix of that is weighed:

    time = what is asked at once, at the limit that holds it up most
           + 24 hours for each time that batch jobs are waited for, one after the other

At once means `requests_in_flight` replies in the time that one takes, `requests_per_minute`, and
the dollars that may be spent in a minute. Both terms are added although they may overlap, so a mix
ends rather sooner. Nothing is promised for batch: 24 hours are Google's target, and a job that
expires after 48 makes the worst case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from tierwise.forecast.at_tiers import loads_at, offered_tiers
from tierwise.forecast.batch_jobs import JobsOf, jobs_of, waves
from tierwise.forecast.rates import Rates
from tierwise.forecast.survey import Survey
from tierwise.job_limits import JobLimits
from tierwise.records import ServiceTier
from tierwise.shown import counted
from tierwise.tasks import Task

CHOICES = (ServiceTier.BATCH, ServiceTier.FLEX, ServiceTier.STANDARD)
# Seconds of a reply. Flex: Google's target is 1 to 15 minutes, of which the longest is taken
# (https://ai.google.dev/gemini-api/docs/flex-inference, checked 2026-11-20); often it is seconds.
REPLY_S = {ServiceTier.STANDARD: 1.5, ServiceTier.PRIORITY: 1.5, ServiceTier.FLEX: 900.0}
# So many groups are weighed together: 3 ^ 8 mixes.
MOST_GROUPS = 8
# A job that is cancelled sooner has hardly had a chance.
LEAST_DEADLINE_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Quotas:
    """What holds a run up; None where no limit is known.

    `enqueued` are tokens by model that may wait in batch jobs at a time, if there is a limit.
    """

    requests_in_flight: int
    requests_per_minute: float | None
    nano_usd_per_minute: int | None
    limits: JobLimits
    enqueued: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions that share requests: what they cost at each tier that they can have.

    `written` are the tasks of the tasks file, `after` the places of others in the same list whose
    answers they wait for, all before its own; `jobs` is what they are in batch, and `own` the tier
    that they have now.
    """

    group: str
    written: tuple[str, ...]
    after: tuple[int, ...]
    jobs: JobsOf
    costs: Mapping[ServiceTier, int]
    own: ServiceTier


@dataclass(frozen=True, slots=True)
class Mix:
    """A tier for each group, and what it comes to.

    `cost` is in nano-dollars; `at_once_s` are seconds of what is not in batch, `held_up_by` is the
    limit that makes them, and `waits` is how often jobs are waited for.
    """

    tiers: Mapping[str, ServiceTier]
    cost: int
    at_once_s: float
    held_up_by: str
    waits: int
    limits: JobLimits

    @property
    def seconds(self) -> float:
        """When it ends if each job meets Google's target."""
        return self.at_once_s + self.waits * self.limits.target_s

    @property
    def in_batch(self) -> int:
        """How many groups are in batch."""
        return sum(tier is ServiceTier.BATCH for tier in self.tiers.values())

    @property
    def worst_s(self) -> float:
        """When it ends if each job takes until just before it expires."""
        return self.at_once_s + self.waits * self.limits.expires_s


def asked_at_tiers(
    tasks: Sequence[Task],
    survey: Survey,
    rates: Rates,
    quotas: Quotas,
    choices: Sequence[ServiceTier] = CHOICES,
) -> list[Asked]:
    """What is left to ask, and what it costs at each of these tiers that its models have.

    `tasks` are in an order in which each comes after those it depends on.
    """
    groups = _groups(tasks)
    offered = {task.name: offered_tiers(task.route.model, rates) for task in tasks}
    by_tier = {
        tier: loads_at(
            tasks, {name: tier for name, tiers in offered.items() if tier in tiers}, survey, rates
        )
        for tier in choices
    }
    now = loads_at(tasks, {}, survey, rates)
    places: dict[str, int] = {}
    found: list[Asked] = []
    for look in dict.fromkeys(task.look or (task.name,) for task in tasks):
        some = [task for task in tasks if task.name in look]
        possible = [tier for tier in choices if all(tier in offered[one.name] for one in some)]
        own = some[0].route.service_tier
        costs = {tier: sum(by_tier[tier][one.name].cost for one in some) for tier in possible}
        costs.setdefault(own, sum(now[one.name].cost for one in some))
        needed = {name for one in some for name in one.depends_on}
        found.append(
            Asked(
                group=groups[some[0].name],
                written=tuple(dict.fromkeys(one.written_as for one in some)),
                after=tuple(sorted({places[name] for name in needed if name in places})),
                jobs=jobs_of(
                    some,
                    [now[one.name] for one in some],
                    survey,
                    quotas.limits,
                    quotas.enqueued.get(some[0].route.model),
                ),
                costs=costs,
                own=own,
            )
        )
        places |= {one.name: len(found) - 1 for one in some}
    return found


def cheapest_in_time(asked: Sequence[Asked], seconds: float, quotas: Quotas) -> Mix | None:
    """The cheapest mix that is planned to end in time, None if none is; the fastest of equals."""

    def best(mix: Mix) -> tuple[float, ...]:
        late = mix.seconds > seconds
        return late, mix.seconds if late else mix.cost, mix.seconds, mix.in_batch

    found = _best(asked, quotas, best)
    return found if found.seconds <= seconds else None


def fastest(asked: Sequence[Asked], quotas: Quotas) -> Mix:
    """The mix that is planned to end first, the cheapest of equals."""
    return _best(asked, quotas, lambda mix: (mix.seconds, mix.cost, mix.in_batch))


def _best(asked: Sequence[Asked], quotas: Quotas, key: Callable[[Mix], tuple[float, ...]]) -> Mix:
    """The least of all mixes; of more groups than can be weighed together, a good one.

    Then the dearest choose first, while the others stay as they are, then the next; all twice.
    """
    offered = _offered(asked)
    weight = dict.fromkeys(offered, 0)
    for one in asked:
        weight[one.group] += max(one.costs.values())
    order = sorted(offered, key=lambda group: (-weight[group], group))
    chosen = {one.group: one.own for one in asked}
    parts = [order[start : start + MOST_GROUPS] for start in range(0, len(order), MOST_GROUPS)]
    for part in parts if len(parts) < 2 else (*parts, *parts):
        ways = product(*(offered[group] for group in part))
        mixes = (
            mix_of(asked, chosen | dict(zip(part, tiers, strict=True)), quotas) for tiers in ways
        )
        chosen = dict(min(mixes, key=key).tiers)
    return mix_of(asked, chosen, quotas)


def _offered(asked: Sequence[Asked]) -> dict[str, list[ServiceTier]]:
    """The tiers that all questions of a group can have; its own where there is no choice."""
    found: dict[str, list[ServiceTier]] = {}
    for one in asked:
        before = found.get(one.group, [*CHOICES])
        found[one.group] = [tier for tier in before if tier in one.costs]
    return {one.group: found[one.group] or [one.own] for one in asked}


def tiers_of(mix: Mix, asked: Sequence[Asked]) -> dict[str, ServiceTier]:
    """The tier of each task of the tasks file that is asked."""
    return {name: mix.tiers[one.group] for one in asked for name in one.written}


def mix_of(asked: Sequence[Asked], tiers: Mapping[str, ServiceTier], quotas: Quotas) -> Mix:
    """What a choice of tiers comes to."""
    at_once_s, held_up_by = _at_once(asked, tiers, quotas)
    return Mix(
        tiers=tiers,
        cost=sum(one.costs[tiers[one.group]] for one in asked),
        at_once_s=at_once_s,
        held_up_by=held_up_by,
        waits=_waits(asked, tiers, quotas),
        limits=quotas.limits,
    )


def deadline_of(
    mix: Mix,
    asked: Sequence[Asked],
    fallbacks: Mapping[str, ServiceTier | None],
    seconds: float,
    quotas: Quotas,
) -> tuple[float, bool]:
    """The age at which jobs are given up so that what they leave still ends in time.

    Args:
        mix: what was chosen.
        asked: what it was chosen for.
        fallbacks: by model, the tier of what a job leaves; None where it waits for batch.
        seconds: the time that there is.
        quotas: what holds the run up.

    Returns:
        Seconds of age, at most until jobs expire, and whether all of the jobs would fit into the
        time that is left then. (0, True) for a mix without batch.
    """
    if not mix.waits:
        return 0.0, True
    batched = [one for one in asked if mix.tiers[one.group] is ServiceTier.BATCH]
    again = {one.group: fallbacks.get(one.jobs.model) for one in batched}
    tiers = {group: tier for group, tier in again.items() if tier}
    again_s, _ = _at_once([one for one in batched if one.group in tiers], tiers, quotas)
    left = seconds - mix.at_once_s
    each = (left - again_s) / mix.waits
    fits = each >= LEAST_DEADLINE_S
    age = each if fits else max(LEAST_DEADLINE_S, left / mix.waits)
    return min(float(round(age)), quotas.limits.expires_s), fits


def _at_once(
    asked: Sequence[Asked], tiers: Mapping[str, ServiceTier], quotas: Quotas
) -> tuple[float, str]:
    """Seconds of what is not in batch, and the limit that holds it up most."""
    some = [one for one in asked if tiers[one.group] is not ServiceTier.BATCH]
    in_flight = quotas.requests_in_flight
    seconds = {
        f"{counted(in_flight, 'request')} in flight": sum(
            -(-one.jobs.requests // in_flight) * REPLY_S[tiers[one.group]] for one in some
        )
    }
    if quotas.requests_per_minute:
        requests = sum(one.jobs.requests for one in some)
        per_minute = quotas.requests_per_minute
        seconds[f"{per_minute:,g} requests per minute"] = 60 * requests / per_minute
    if quotas.nano_usd_per_minute:
        cost = sum(one.costs.get(tiers[one.group], 0) for one in some)
        dollars = quotas.nano_usd_per_minute / 10**9
        seconds[f"${dollars:,g} per minute"] = 60 * cost / quotas.nano_usd_per_minute
    slowest = max(seconds, key=lambda name: seconds[name])
    return seconds[slowest], slowest


def _waits(asked: Sequence[Asked], tiers: Mapping[str, ServiceTier], quotas: Quotas) -> int:
    """How often jobs are waited for, over all rounds."""
    depths: list[int] = []
    rounds: dict[int, list[JobsOf]] = {}
    for one in asked:
        depth = max((depths[place] for place in one.after), default=0)
        if tiers[one.group] is ServiceTier.BATCH and one.jobs.requests:
            depth += 1
            rounds.setdefault(depth, []).append(one.jobs)
        depths.append(depth)
    return sum(waves(jobs, quotas.limits.jobs, quotas.enqueued) for jobs in rounds.values())


def _groups(tasks: Sequence[Task]) -> dict[str, str]:
    """By task, the name of its group: the first task of all that must have one tier."""
    found: dict[str, str] = {}
    for task in tasks:
        alike = [one for one in tasks if one.name in task.look or one.written_as == task.written_as]
        names = {found.get(one.name, one.name) for one in alike}
        first = next(one.name for one in tasks if one.name in names)
        found = {name: first if group in names else group for name, group in found.items()}
        found |= {one.name: first for one in alike}
    return found
