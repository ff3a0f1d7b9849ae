"""Ending is a verdict of many: the table of `tierwise.gemini.standing`, and its limits."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.gemini.hearing import Phase, Refused, Rule
from tierwise.gemini.standing import ENOUGH, Standing
from tierwise.records import Reason

WHY = Refused(Reason.UNAUTHORIZED, "401 UNAUTHENTICATED")


@dataclass
class Process:
    """Asks one content after the other, each reply in a moment."""

    rule: Rule = field(default_factory=Rule)
    now: float = 0.0
    asked: int = 0
    fresh: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.standing = Standing(self.rule)

    def phase(self) -> Phase:
        return self.standing.hearing.phase

    def ask(self, *, refused: bool, content: str = "", certain: bool = False) -> None:
        wait_s = self.standing.wait_s(self.now)
        assert wait_s < math.inf
        self.now += wait_s + 0.1
        probe = self.standing.start()
        if probe:
            self.fresh.append(self.now)
        self.asked += 1
        content = content or f"picture {self.asked}"
        if refused:
            self.standing.refusal(content, WHY, self.now, probe=probe, certain=certain)
        else:
            self.standing.success()
        self.standing.leave(probe=probe)

    def until_ended(self, most: int = 10_000) -> Process:
        while self.phase() in (Phase.OPEN, Phase.DOUBT) and self.asked < most:
            self.ask(refused=True)
        return self


def test_a_key_that_never_worked_is_found_out_with_a_handful_of_requests() -> None:
    process = Process().until_ended()
    assert process.phase() is Phase.ENDED
    assert process.asked == ENOUGH + 2
    first, second = process.fresh
    assert second - first >= 2.0  # once with a fresh token, and again after a pause


def test_one_refusal_of_all_is_nothing() -> None:
    process = Process()
    for number in range(1000):
        process.ask(refused=number % 7 == 3)
        assert process.phase() is Phase.OPEN
    assert process.fresh == []


def test_a_picture_that_is_refused_for_ever_ends_nothing() -> None:
    process = Process()
    process.ask(refused=False)
    for _ in range(100):
        process.ask(refused=True, content="the same")
        assert process.phase() in (Phase.OPEN, Phase.DOUBT)
    process.ask(refused=False)
    assert process.phase() is Phase.OPEN


def test_one_picture_here_and_another_elsewhere_are_two() -> None:
    process = Process(Rule(meets_s=20.0))
    process.ask(refused=False)
    for _ in range(20):
        process.ask(refused=True, content="the same")
    assert process.phase() is Phase.DOUBT
    process.standing.hearing.shared = True
    process.ask(refused=True, content="the same")
    assert process.phase() is Phase.ENDED


def test_a_key_that_is_revoked_ends_half_a_minute_later() -> None:
    process = Process()
    for _ in range(500):
        process.ask(refused=False)
    revoked, before = process.now, process.asked
    process.until_ended()
    assert process.phase() is Phase.ENDED
    assert 30 <= process.now - revoked <= 60
    assert process.asked - before <= 15


def test_words_that_leave_no_doubt_end_after_one_and_two_more() -> None:
    process = Process()
    process.ask(refused=False)
    for _ in range(3):
        process.ask(refused=True, certain=True)
    assert process.phase() is Phase.ENDED
    assert process.now < 5


def test_in_doubt_one_at_a_time_goes_out() -> None:
    standing = Standing(Rule())
    for number in range(ENOUGH):
        assert not standing.start()
        standing.refusal(str(number), WHY, 1.0)
    assert standing.hearing.phase is Phase.DOUBT
    assert standing.wait_s(1.0) == 0
    assert standing.start()
    assert standing.wait_s(1.0) == math.inf
    standing.leave(probe=True)  # lost on its way: nothing is known
    assert standing.wait_s(1.0) == 0


@pytest.mark.parametrize("phase", [Phase.DOUBT, Phase.ENDED])
def test_a_success_lifts_it_whenever_it_was_sent(phase: Phase) -> None:
    process = Process()
    while process.phase() is not phase:
        process.ask(refused=True)
    process.standing.success()
    assert process.phase() is Phase.OPEN
    assert process.standing.wait_s(process.now) == 0


def test_nothing_ends_before_others_could_contradict() -> None:
    process = Process(Rule(meets_s=40.0))
    doubted = None
    while process.phase() is not Phase.ENDED:
        process.ask(refused=True)
        doubted = doubted or process.standing.hearing.since
    assert doubted is not None
    assert process.now - doubted >= 40


def test_who_is_refused_alone_waits_and_never_ends() -> None:
    process = Process(Rule(meets_s=40.0))
    while process.phase() is not Phase.DOUBT:
        process.ask(refused=True)
    process.standing.hearing.contradicted = True
    began = process.now
    process.until_ended()
    assert process.phase() is Phase.ALONE
    assert process.now - began >= 300
    assert process.asked <= 30


def test_a_sick_process_that_recovers_goes_on() -> None:
    process = Process(Rule(meets_s=40.0))
    while process.phase() is not Phase.DOUBT:
        process.ask(refused=True)
    process.standing.hearing.contradicted = True
    process.ask(refused=False)
    assert process.phase() is Phase.OPEN
    assert not process.standing.hearing.contradicted


@pytest.mark.parametrize("odd", [0.001, 0.02, 0.1, 0.3])
def test_odd_refusals_at_any_rate_do_not_end_it(odd: float) -> None:
    """Of a process that has nobody beside it to contradict."""
    random = Random(3)
    process = Process()
    for _ in range(200_000):
        process.ask(refused=random.random() < odd)
        assert process.phase() in (Phase.OPEN, Phase.DOUBT)


@given(st.lists(st.sampled_from(["success", "odd", "certain", "contradicted"]), max_size=60))
def test_it_ends_only_after_refusals_in_a_row_that_nobody_contradicted(news: list[str]) -> None:
    process, row = Process(Rule(patience_s=30.0)), 0
    for kind in news:
        if process.phase() in (Phase.ENDED, Phase.ALONE):
            break
        if kind == "contradicted":
            if process.phase() is Phase.DOUBT:
                process.standing.hearing.contradicted = True
            continue
        row = 0 if kind == "success" else row + 1
        process.ask(refused=kind != "success", certain=kind == "certain")
        hearing = process.standing.hearing
        if hearing.phase is Phase.ENDED:
            assert row >= 3
            assert not hearing.contradicted
        if hearing.phase is Phase.ALONE:
            assert hearing.contradicted
        if kind == "success":
            assert hearing.phase is Phase.OPEN


@given(st.integers(0, 5000), st.floats(1.0, 1000.0))
def test_refusals_of_all_always_come_to_an_end(successes: int, patience_s: float) -> None:
    process = Process(Rule(patience_s))
    for _ in range(successes):
        process.standing.success()
    process.until_ended(200)
    assert process.phase() is Phase.ENDED
    assert process.now <= patience_s + 200 * 0.1
