"""What a quota lets through, with refusals that take a moment to be heard."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import floor
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.gemini.pace import Pace, Start
from tierwise.gemini.retry import MAX_TRIES

REFUSAL_S = 0.05
ANSWER_S = 0.8


def at_any_moment(now: float) -> float:
    return now - 1.0


def by_the_clock(now: float) -> float:
    return float(floor(now))


@dataclass
class Service:
    """Lets through so many requests per second, whose beginning `since` tells."""

    per_second: Callable[[float], int]
    since: Callable[[float], float]
    passed: deque[float] = field(default_factory=deque)

    def passes(self, now: float) -> bool:
        while self.passed and self.passed[0] < self.since(now):
            self.passed.popleft()
        if len(self.passed) >= self.per_second(now):
            return False
        self.passed.append(now)
        return True


@dataclass
class Bucket:
    """Lets through so many requests per second, evenly, but for a burst of a few."""

    per_second: int
    burst: int
    level: float = 0.0
    at: float = float("-inf")

    def passes(self, now: float) -> bool:
        self.level = min(self.burst, self.level + (now - self.at) * self.per_second)
        self.at = now
        passed = self.level >= 1
        self.level -= passed
        return passed


@dataclass
class Run:
    """Requests through a window, each refused one again after its wait."""

    service: Service | Bucket
    in_flight: int = 64
    retry_after_s: float = 1.0
    pace: Pace = field(default_factory=Pace)
    starts: list[float] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)
    tries: Counter[int] = field(default_factory=Counter)
    late: Callable[[], float] = lambda: 0.001  # sleeping is never exact

    def until(self, end: float) -> Run:
        events: list[tuple[float, int, str, Start | None]] = []
        waiting: deque[int] = deque()
        fresh, now, free = 0, 0.0, self.in_flight
        arrived = deque([now] * free)  # those that wait for their turn, since when
        while now < end:
            while free and self.pace.wait_s(now) <= 0:
                if waiting:
                    number = waiting.popleft()
                else:
                    number, fresh = fresh, fresh + 1
                start = self.pace.start(now, arrived.popleft())
                free -= 1
                self.starts.append(now)
                self.tries[number] += 1
                passed = self.service.passes(now)
                if passed:
                    self.accepted.append(now)
                delay = ANSWER_S if passed else REFUSAL_S
                heappush(events, (now + delay, number, "answer" if passed else "refuse", start))
            next_start = now + self.pace.wait_s(now) if free else end
            if not events or next_start < events[0][0]:
                now = next_start + self.late()
                continue
            now, number, event, heard = heappop(events)
            if event == "again":
                waiting.append(number)
                continue
            arrived.append(now)
            free += 1
            if event == "refuse" and heard:
                self.pace.refuse(heard, now, self.retry_after_s)
                heappush(events, (now + self.retry_after_s, number, "again", None))
        return self

    def used(self, begin: float, end: float) -> float:
        """Requests let through per second."""
        return sum(begin <= at < end for at in self.accepted) / (end - begin)


@pytest.mark.parametrize("since", [at_any_moment, by_the_clock])
@given(quota=st.integers(10, 70))
@settings(max_examples=15, deadline=None)
def test_a_quota_is_used_and_few_are_refused(since: Callable[[float], float], quota: int) -> None:
    run = Run(Service(lambda _: quota, since)).until(40)
    assert run.used(0, 40) >= 0.92 * quota
    if quota >= 20:
        assert run.used(10, 40) >= 0.95 * quota
    assert max(run.tries.values()) <= MAX_TRIES
    # Those of the first moment, when nothing is known, and few after it.
    assert len(run.starts) - len(run.accepted) < run.in_flight + 0.05 * len(run.starts)


@pytest.mark.parametrize(("burst", "used"), [(1, 0.9), (5, 0.95)])
@pytest.mark.parametrize("quota", [10, 20, 40, 60])
def test_a_quota_that_allows_no_burst_is_found_out_and_loses_nobody(
    quota: int, burst: int, used: float
) -> None:
    run = Run(Bucket(quota, burst)).until(60)
    assert run.used(20, 60) >= used * quota
    assert max(run.tries.values()) <= MAX_TRIES


def test_without_refusals_nothing_is_held_back() -> None:
    run = Run(Service(lambda _: 10**6, at_any_moment)).until(9.5 * ANSWER_S)
    assert len(run.starts) == 10 * 64


@pytest.mark.parametrize("since", [at_any_moment, by_the_clock])
def test_a_quota_that_shrinks_loses_nothing(since: Callable[[float], float]) -> None:
    run = Run(Service(lambda now: 40 if now < 10 else 10, since)).until(40)
    assert max(run.tries.values()) <= MAX_TRIES
    assert run.used(25, 40) >= 9


@pytest.mark.parametrize("since", [at_any_moment, by_the_clock])
def test_a_quota_that_grows_is_found_out(since: Callable[[float], float]) -> None:
    run = Run(Service(lambda now: 20 if now < 10 else 60, since)).until(40)
    assert run.used(28, 40) >= 54


def test_a_quota_per_minute_is_waited_out_by_all() -> None:
    minute = Service(lambda _: 600, lambda now: float(floor(now / 60) * 60))
    run = Run(minute, retry_after_s=30.0).until(240)
    assert run.used(0, 240) >= 0.9 * 10
    assert max(run.tries.values()) <= MAX_TRIES


def test_what_was_refused_at_once_teaches_no_rate() -> None:
    pace = Pace()
    pace.refuse(pace.start(0.0), 0.1, 37.0)
    assert pace.wait_s(0.1) == pytest.approx(37.0)
    for _ in range(100):
        assert pace.wait_s(37.2) <= 0
        pace.start(37.2)


def test_a_refusal_without_a_word_waits_a_second() -> None:
    pace = Pace()
    pace.refuse(pace.start(0.0), 0.1, None)
    assert pace.wait_s(0.1) == pytest.approx(1.0)


def test_a_limit_set_by_hand_holds_beside_what_was_learned() -> None:
    run = Run(Service(lambda _: 40, at_any_moment), pace=Pace(1 / 20)).until(20)
    assert len(run.starts) == len(run.accepted)
    assert run.used(0, 20) == pytest.approx(20, rel=0.05)


@pytest.mark.parametrize("per_second", [5, 40, 100])
@pytest.mark.parametrize("longest_s", [0.001, 0.2, 0.9])
def test_a_limit_is_used_however_late_a_busy_machine_starts(
    per_second: int, longest_s: float
) -> None:
    random = Random(5)
    run = Run(
        Service(lambda _: 10**6, at_any_moment),
        in_flight=200,
        pace=Pace(1 / per_second),
        late=lambda: random.expovariate(5 / longest_s),
    ).until(120)
    assert run.used(0, 120) == pytest.approx(per_second, rel=0.02)
    for begin in range(60):
        assert run.used(begin, begin + 60) <= per_second * 61 / 60 + 0.1


def test_a_learned_limit_is_used_on_a_busy_machine() -> None:
    random = Random(5)
    run = Run(Service(lambda _: 40, by_the_clock), late=lambda: random.expovariate(1 / 0.03))
    assert run.until(60).used(20, 60) >= 0.95 * 40


def test_who_asks_for_nothing_saves_nothing_up() -> None:
    pace = Pace(1.0)
    for now in (100.0, 110.0, 120.0):
        assert pace.wait_s(now) <= 0
        pace.start(now, now)
        assert pace.wait_s(now) == pytest.approx(1.0)


def test_chance_refusals_do_not_slow_down_without_end() -> None:
    pace = Pace()
    now = 0.0
    for number in range(3000):
        now += max(0.0, pace.wait_s(now)) + 0.01
        start = pace.start(now)
        if number % 10 == 9:
            pace.refuse(start, now + REFUSAL_S, 1.0)
    before = now
    for _ in range(100):
        now += max(0.0, pace.wait_s(now)) + 0.01
        pace.start(now)
    assert now - before < 100 / 3
