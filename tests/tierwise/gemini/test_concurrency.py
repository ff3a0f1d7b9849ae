"""What a service that has too much to do is asked, with failures that come quicker than replies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.gemini.concurrency import Concurrency

ANSWER_S = 0.8
FAILURE_S = 0.05


@dataclass
class Run:
    """Requests under an allowance; `fails(now, under way)` says which fail."""

    fails: Callable[[float, int], bool]
    rule: Concurrency = field(default_factory=lambda: Concurrency(64, 300))
    allowed: list[tuple[float, int]] = field(default_factory=list)
    replies: list[float] = field(default_factory=list)
    failures: list[float] = field(default_factory=list)
    gave_up: float | None = None

    def until(self, end: float) -> Run:
        events: list[tuple[float, int, bool]] = []
        now, resume, serving, number = 0.0, 0.0, 0, 0
        while now < end and self.gave_up is None:
            while len(events) < self.rule.allowed and now >= resume:
                failing = self.fails(now, serving)
                serving += not failing
                number += 1
                delay = FAILURE_S if failing else ANSWER_S
                self.rule.start(number)
                heappush(events, (now + delay, number, failing))
            if not events or (len(events) < self.rule.allowed and resume < events[0][0]):
                now = max(now, resume)
                continue
            now, number_of_this, failing = heappop(events)
            if failing:
                self.failures.append(now)
                resume = max(resume, now + self.rule.failure(number_of_this, now))
                self.gave_up = now if self.rule.hopeless(now) else None
            else:
                serving -= 1
                self.replies.append(now)
                self.rule.reply(number_of_this)
            self.allowed.append((now, self.rule.allowed))
        return self

    def share(self, begin: float, end: float, most: int = 64) -> float:
        """Replies in that time, of what so many at a time can bring."""
        return sum(begin <= at < end for at in self.replies) / (end - begin) / (most / ANSWER_S)

    def least(self, begin: float, end: float) -> int:
        return min(allowed for at, allowed in self.allowed if begin <= at < end)


def chance(share: float) -> Callable[[float, int], bool]:
    random = Random(7)
    return lambda *_: random.random() < share


def outage(begin: float, end: float) -> Callable[[float, int], bool]:
    return lambda now, _: begin <= now < end


@pytest.mark.parametrize(("failing", "used"), [(0.0, 1.0), (0.02, 0.99), (0.2, 0.95)])
def test_failures_that_come_by_chance_slow_nothing_down(failing: float, used: float) -> None:
    run = Run(chance(failing)).until(120)
    assert run.share(1, 120) >= used * (1 - failing)


@pytest.mark.parametrize("capacity", [3, 10, 20, 50])
def test_a_service_of_less_capacity_is_used_and_not_overrun(capacity: int) -> None:
    run = Run(lambda _, serving: serving >= capacity).until(120)
    assert run.share(20, 120, capacity) >= 0.75
    late = [at for at in run.failures if at >= 20]
    assert len(late) <= 0.3 * len([at for at in run.replies if at >= 20])


def test_an_outage_is_hardly_knocked_at_and_its_end_soon_found() -> None:
    run = Run(outage(30, 150)).until(240)
    assert run.least(30, 150) == 1
    assert sum(40 <= at < 150 for at in run.failures) <= 8
    # At the latest half a minute later; then all is as before within seconds.
    assert run.share(150 + 30 + 10, 240) >= 0.95
    assert run.gave_up is None


def test_an_outage_that_lasts_is_given_up() -> None:
    run = Run(outage(30, 10**6)).until(10**6)
    assert run.gave_up is not None
    assert 300 <= run.gave_up - 30 <= 330 + 1
    assert len(run.failures) <= 5 * 64


def test_before_the_first_reply_patience_is_a_fifth() -> None:
    run = Run(outage(0, 10**6)).until(10**6)
    assert run.gave_up is not None
    assert 60 <= run.gave_up <= 90


def test_a_quota_is_waited_for_with_full_patience() -> None:
    rule = Concurrency(8, 300)
    for second in range(0, 300, 30):
        rule.refusal(0, float(second))
        assert not rule.hopeless(float(second))
    assert rule.allowed == 8
    rule.refusal(0, 301.0)
    assert rule.hopeless(301.0)
    rule.reply(1)
    assert not rule.hopeless(302.0)


def test_one_image_that_is_tried_again_is_no_outage() -> None:
    rule = Concurrency(32, 1.0)
    for second in range(5):
        rule.start(second + 1)
        rule.failure(second + 1, float(second))
    assert not rule.hopeless(100.0)


@given(
    st.integers(1, 100),
    st.lists(st.tuples(st.sampled_from(["reply", "failure", "refusal"]), st.floats(0, 5))),
)
def test_whatever_happens_one_is_allowed_and_never_too_many(
    most: int, events: list[tuple[str, float]]
) -> None:
    rule, now = Concurrency(most, 300), 0.0
    for number, (kind, seconds) in enumerate(events, start=1):
        rule.start(number)
        now += seconds
        if kind == "reply":
            rule.reply(number)
        elif kind == "refusal":
            rule.refusal(number, now)
        else:
            assert 0 <= rule.failure(number, now) <= 30
        assert 1 <= rule.allowed <= most


REPLY, FAILURE, REFUSAL, NOTHING = "reply", "failure", "refusal", "nothing"


@dataclass
class Service:
    """Requests under an allowance, always as many as it lets; what comes of each is told."""

    most: int
    now: float = 0.0
    resume: float = 0.0
    number: int = 0
    under_way: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rule = Concurrency(self.most, 300)

    def answers(self, kind: str, which: int = 0, seconds: float = 0.1) -> None:
        """One of those under way comes back, as a kind of news."""
        while len(self.under_way) < self.rule.allowed:
            self.now = max(self.now, self.resume)
            self.number += 1
            self.rule.start(self.number)
            self.under_way.append(self.number)
        number = self.under_way.pop(which % len(self.under_way))
        self.now += seconds
        if kind == REPLY:
            self.rule.reply(number)
        elif kind == REFUSAL:
            self.rule.refusal(number, self.now)
        elif kind == NOTHING:
            self.rule.leave(number)
        else:
            self.resume = max(self.resume, self.now + self.rule.failure(number, self.now))


NEWS = st.tuples(
    st.sampled_from([REPLY, FAILURE, FAILURE, REFUSAL, NOTHING]),
    st.integers(0, 63),
    st.floats(0, 9),
)


@given(st.integers(1, 64), st.lists(NEWS, max_size=300))
def test_good_replies_bring_everything_back_whatever_was_before(
    most: int, before: list[tuple[str, int, float]]
) -> None:
    service = Service(most)
    for kind, which, seconds in before:
        service.answers(kind, which, seconds)
    for _ in range(20 * most):
        service.answers(REPLY)
    assert service.rule.allowed == most


@given(st.integers(0, 10**6), st.floats(0, 0.5), st.sampled_from([8, 32, 64]))
def test_when_half_of_what_is_heard_fails_fewer_are_asked(
    seed: int, refused: float, most: int
) -> None:
    """Whatever share is refused for a quota besides."""
    random, service = Random(seed), Service(most)
    for _ in range(60):
        service.answers(REPLY if random.random() < 0.5 else REFUSAL)  # one 429 early, and good news
    allowed = []
    for _ in range(60 * most):
        kind = FAILURE if random.random() < 0.5 else REPLY
        service.answers(REFUSAL if random.random() < refused else kind)
        allowed.append(service.rule.allowed)
    late = allowed[len(allowed) // 2 :]
    assert sum(late) / len(late) <= max(8, 0.3 * most)


def test_a_refusal_early_does_not_stop_the_counting() -> None:
    service = Service(32)
    service.answers(REFUSAL)
    for number in range(2000):
        service.answers(FAILURE if number % 2 else REPLY)
    assert service.rule.allowed <= 8
