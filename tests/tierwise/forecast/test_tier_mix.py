"""The cheapest mix of tiers that ends in time, held against trying all of them one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from math import ceil, inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tierwise.forecast.one_task import survey_of
from tierwise.forecast.batch_jobs import JobsOf
from tierwise.forecast.rates import Rates
from tierwise.forecast.survey import SeenImage, Standing
from tierwise.forecast.tier_mix import (
    CHOICES,
    LEAST_DEADLINE_S,
    MOST_GROUPS,
    REPLY_S,
    Asked,
    Quotas,
    asked_at_tiers,
    cheapest_in_time,
    deadline_of,
    fastest,
    mix_of,
    tiers_of,
)
from tierwise.job_limits import job_limits
from tierwise.questions import as_written
from tierwise.records import ServiceTier
from tierwise.tasks import load_tasks

BATCH, FLEX, STANDARD = CHOICES
LITE, CARBON = "gemini-3.1-flash-lite", "gemini-4-carbon"
LIMITS = job_limits(vertex=False)
HOUR = 3_600.0
DAY = 24 * HOUR
TODAY = date(2026, 11, 29)


def quotas(
    *, in_flight: int = 32, per_minute: float | None = None, usd_per_minute: float | None = None
) -> Quotas:
    spend = round(usd_per_minute * 10**9) if usd_per_minute else None
    return Quotas(in_flight, per_minute, spend, LIMITS, {LITE: 10_000_000, CARBON: 3_000_000})


@st.composite
def questions(draw: st.DrawFn) -> list[Asked]:
    found: list[Asked] = []
    for place in range(draw(st.integers(1, 5))):
        requests = draw(st.integers(0, 200_000))
        tokens = requests * 300
        model = draw(st.sampled_from([LITE, CARBON]))
        jobs = max(ceil(requests / 20_000), ceil(tokens / 3_000_000))
        half = draw(st.integers(0, 10**10))
        costs = {BATCH: half, FLEX: half, STANDARD: 2 * half}
        if draw(st.booleans()):
            del costs[FLEX]
        found.append(
            Asked(
                group=draw(st.sampled_from("abcd")),
                written=(str(place),),
                after=tuple(draw(st.sets(st.integers(0, place - 1)))) if place else (),
                jobs=JobsOf(model, (str(place),), jobs, requests, requests * 10**5, tokens),
                costs=costs,
                own=STANDARD,
            )
        )
    return found


def hours(some: Sequence[Asked], tiers: dict[str, ServiceTier], limits: Quotas) -> float:
    """When it ends, by walking through rounds and waves."""
    now = [one for one in some if tiers[one.group] is not BATCH]
    requests = sum(one.jobs.requests for one in now)
    in_turn = sum(
        ceil(one.jobs.requests / limits.requests_in_flight) * REPLY_S[tiers[one.group]]
        for one in now
    )
    per_minute, spend = limits.requests_per_minute, limits.nano_usd_per_minute
    by_rate = 60 * requests / per_minute if per_minute else 0
    by_spend = 60 * sum(one.costs[tiers[one.group]] for one in now) / spend if spend else 0
    return max(in_turn, by_rate, by_spend) / HOUR + 24 * _waves(some, tiers, limits)


def _waves(some: Sequence[Asked], tiers: dict[str, ServiceTier], limits: Quotas) -> int:
    def depth(place: int) -> int:
        one = some[place]
        own = tiers[one.group] is BATCH and one.jobs.requests > 0
        return own + max((depth(before) for before in one.after), default=0)

    total = 0
    for number in range(1, len(some) + 1):
        jobs = [
            one.jobs
            for place, one in enumerate(some)
            if tiers[one.group] is BATCH and one.jobs.requests and depth(place) == number
        ]
        found = ceil(sum(kind.jobs for kind in jobs) / 100)
        for model, room in limits.enqueued.items():
            count, left = 0, 0
            for kind in jobs:
                for _ in range(kind.jobs if kind.model == model else 0):
                    each = ceil(kind.tokens / kind.jobs)
                    if each > left:
                        count, left = count + 1, room
                    left -= each
            found = max(found, count)
        total += found
    return total


def choices(
    some: Sequence[Asked], chosen: dict[str, ServiceTier]
) -> Iterator[dict[str, ServiceTier]]:
    """Every tier for every group, one group after the other."""
    left = [one.group for one in some if one.group not in chosen]
    if not left:
        yield chosen
        return
    for tier in ServiceTier:
        if all(tier in one.costs for one in some if one.group == left[0]):
            yield from choices(some, {**chosen, left[0]: tier})


@settings(max_examples=150, deadline=None)
@given(
    some=questions(),
    time=st.floats(0.1, 300),
    per_minute=st.sampled_from([None, 60.0, 2_000.0]),
    usd=st.sampled_from([None, 1.0]),
    in_flight=st.sampled_from([4, 32, 1_000]),
)
def test_it_is_the_cheapest_of_all_that_end_in_time(
    some: list[Asked], time: float, per_minute: float | None, usd: float | None, in_flight: int
) -> None:
    limits = quotas(in_flight=in_flight, per_minute=per_minute, usd_per_minute=usd)
    tried = {
        tuple(sorted(tiers.items())): (
            sum(one.costs[tiers[one.group]] for one in some),
            hours(some, tiers, limits),
        )
        for tiers in choices(some, {})
    }
    costs = [cost for cost, needed in tried.values() if needed <= time + 1e-9]
    found = cheapest_in_time(some, time * HOUR, limits)
    assert (found is None) == (not costs)
    if found:
        cost, needed = tried[tuple(sorted(found.tiers.items()))]
        assert found.cost == cost == min(costs)
        assert found.seconds == pytest.approx(needed * HOUR)
    soonest = fastest(some, limits)
    assert soonest.seconds == pytest.approx(HOUR * min(needed for _, needed in tried.values()))
    assert soonest.seconds <= soonest.worst_s


@settings(max_examples=50, deadline=None)
@given(some=questions(), time=st.floats(1, 200), more=st.floats(0, 200))
def test_more_time_never_costs_more(some: list[Asked], time: float, more: float) -> None:
    limits = quotas(per_minute=1_000.0)
    early = cheapest_in_time(some, time * HOUR, limits)
    late = cheapest_in_time(some, (time + more) * HOUR, limits)
    if early:
        assert late
        assert late.cost <= early.cost


def one(
    requests: int, group: str = "a", *, after: tuple[int, ...] = (), flex: bool = True
) -> Asked:
    costs = {BATCH: requests, FLEX: requests, STANDARD: 2 * requests}
    if not flex:
        del costs[FLEX]
    jobs = JobsOf(LITE, (group,), ceil(requests / 20_000), requests, 0, requests * 100)
    return Asked(group, (group,), after, jobs, costs, STANDARD)


def test_flex_goes_before_batch_where_it_costs_the_same_and_is_sooner() -> None:
    few, many = [one(100)], [one(100_000)]
    assert cheapest_in_time(few, 2 * DAY, quotas()).tiers == {"a": FLEX}  # type: ignore[union-attr]
    assert cheapest_in_time(many, 2 * DAY, quotas()).tiers == {"a": BATCH}  # type: ignore[union-attr]
    assert cheapest_in_time(many, DAY / 2, quotas()).tiers == {"a": STANDARD}  # type: ignore[union-attr]
    assert cheapest_in_time(many, HOUR, quotas()) is None
    assert fastest(many, quotas()).held_up_by == "32 requests in flight"


def test_what_leads_to_the_next_round_may_be_asked_at_once_to_save_a_day() -> None:
    chain = [one(20_000, "a", flex=False), one(19_000, "b", after=(0,), flex=False)]
    assert fastest(chain, quotas(per_minute=1_000.0)).held_up_by == "1,000 requests per minute"
    tiers = [
        cheapest_in_time(chain, time, quotas(per_minute=1_000.0)) for time in (2 * DAY, 1.5 * DAY)
    ]
    assert [mix.tiers for mix in tiers if mix] == [
        {"a": BATCH, "b": BATCH},
        {"a": BATCH, "b": STANDARD},
    ]


def test_of_many_groups_all_choose() -> None:
    count = 2 * MOST_GROUPS + 3
    many = [one(100 + place, f"g{place}") for place in range(count)]
    found = [cheapest_in_time(many, time, quotas()) for time in (9 * DAY, 10 * HOUR, 60)]
    assert found[0]
    assert set(found[0].tiers.values()) == {FLEX}  # 4 waits of 15 minutes for each
    assert found[1]
    assert set(found[1].tiers.values()) == {FLEX, STANDARD}
    assert found[0].seconds <= 9 * DAY
    assert found[1].seconds <= 10 * HOUR
    assert found[2] is None
    assert set(fastest(many, quotas()).tiers.values()) == {STANDARD}


def test_the_deadline_leaves_time_for_what_a_job_leaves() -> None:
    some = [one(100_000)]
    mix = mix_of(some, {"a": BATCH}, quotas())
    again = ceil(100_000 / 32) * REPLY_S[STANDARD]
    age, fits = deadline_of(mix, some, {LITE: STANDARD}, 2 * DAY, quotas())
    assert (age, fits) == (round(2 * DAY - again), True)
    assert deadline_of(mix, some, {LITE: STANDARD}, 9 * DAY, quotas()) == (2 * DAY, True)
    assert deadline_of(mix, some, {LITE: None}, 1.5 * DAY, quotas()) == (1.5 * DAY, True)
    age, fits = deadline_of(mix, some, {LITE: FLEX}, DAY, quotas())  # 32 days at flex
    assert (age, fits) == (DAY, False)
    at_once = mix_of(some, {"a": STANDARD}, quotas())
    assert deadline_of(at_once, some, {LITE: FLEX}, DAY, quotas()) == (0, True)
    assert LEAST_DEADLINE_S < DAY < inf


TASKS = """
model: gemini-3.1-flash-lite
tasks:
  kind:
    prompt: Which kind is it?
    labels: [photo, print, unsure]
    escalate: {when: kind == "unsure", media_resolution: high}
  size: {prompt: "Which size is it?", labels: [small, large]}
  print:
    when: kind == "print"
    prompt: What is printed there?
    labels: [bill, letter]
    model: gemini-4-carbon
"""


def asked_of(text: str, *, vertex: bool = False) -> list[Asked]:
    tasks = as_written(load_tasks(text, path="tasks.yaml")).tasks
    standings = {task.name: Standing.OPEN if task.when else Standing.ASKED for task in tasks}
    image = SeenImage(400, 300, "a.jpg", {}, standings)
    survey = survey_of((image,) * 10, files=1_000)
    return asked_at_tiers(tasks, survey, Rates(TODAY, vertex=vertex), quotas())


def test_stages_and_what_shares_requests_have_one_tier() -> None:
    some = asked_of(TASKS)
    assert [(set(one.written), one.after) for one in some] == [
        ({"kind", "size"}, ()),
        ({"kind"}, (0,)),
        ({"print"}, (1,)),
    ]
    assert some[0].group == some[1].group != some[2].group
    mix = cheapest_in_time(some, 2 * HOUR, quotas())
    assert mix
    tiers = tiers_of(mix, some)
    assert (tiers["kind"], tiers["size"]) == (STANDARD, STANDARD)
    assert set(tiers) == {"kind", "size", "print"}
    assert all(one.costs[STANDARD] == pytest.approx(2 * one.costs[BATCH], rel=0.01) for one in some)


def test_a_tier_that_a_model_lacks_is_no_choice() -> None:
    some = asked_of(TASKS, vertex=True)
    assert [FLEX in one.costs for one in some] == [True, True, False]
