"""Dollars of any minute stay below the limit, and the limit is used."""

from __future__ import annotations

import math
from heapq import heappop, heappush
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tierwise.gemini.spending import Spending


@given(st.integers(0, 10**6), st.integers(50, 5000))
def test_no_minute_costs_more_than_the_limit(seed: int, limit: int) -> None:
    random, spending = Random(seed), Spending(float(limit))
    now, bills = 0.0, list[tuple[float, int]]()
    under_way: list[tuple[float, int, int]] = []
    for _ in range(300):
        worst = random.randint(1, 50)
        while (wait_s := spending.wait_s(worst, now)) > 0:
            ends = under_way[0][0] if under_way else math.inf
            now = min(now + wait_s, ends)
            if now == ends:
                _, number, cost = heappop(under_way)
                spending.settle(number, cost, now)
                bills.append((now, cost))
        now += 0.01
        end = now + random.random() * 20
        heappush(under_way, (end, spending.start(worst), random.randint(0, worst)))
    for at, _ in bills:
        assert sum(cost for when, cost in bills if at - 60 < when <= at) <= limit


def test_a_limit_is_used() -> None:
    spending, now, spent = Spending(1000.0), 0.0, 0
    while now < 600:
        if (wait_s := spending.wait_s(10, now)) > 0:
            now += wait_s
            continue
        spending.settle(spending.start(10), 10, now)
        spent += 10
        now += 0.05
    assert 9500 <= spent <= 10_000


def test_a_request_dearer_than_the_limit_goes_alone() -> None:
    spending = Spending(10.0)
    assert spending.wait_s(50, 0.0) == 0
    number = spending.start(50)
    assert spending.wait_s(1, 1.0) == math.inf
    spending.settle(number, 40, 2.0)
    assert spending.wait_s(1, 2.0) == 60
    assert spending.wait_s(50, 62.0) == 0


def test_without_a_limit_nothing_waits() -> None:
    spending = Spending()
    for _ in range(100):
        assert spending.wait_s(10**12, 0.0) == 0
        spending.start(10**12)
