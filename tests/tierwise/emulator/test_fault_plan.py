"""Rates, seeds, delays and quotas, without a server."""

from __future__ import annotations

from statistics import median
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tierwise.emulator.fault_plan import FaultPlan
from tierwise.emulator.faults import Fault, read_faults


def always(_: Fault) -> bool:
    return True


def never(_: Fault) -> bool:
    return False


def plan(*faults: dict[str, Any], seed: int = 0, clock: list[float] | None = None) -> FaultPlan:
    ticks = clock if clock is not None else [0.0]
    return FaultPlan(read_faults({"faults": list(faults), "seed": seed}, "test"), lambda: ticks[0])


def hits(dealt: FaultPlan, requests: int) -> list[str | None]:
    fates = (dealt.fate(model="m", sha256=(), strikes=always) for _ in range(requests))
    return [fate.fault.kind if fate.fault else None for fate in fates]


@given(st.floats(0, 1), st.integers(0, 10**6))
def test_a_rate_is_met_and_repeats_with_its_seed(rate: float, seed: int) -> None:
    fault = {"kind": "internal", "rate": rate}
    first = hits(plan(fault, seed=seed), 400)
    assert first == hits(plan(fault, seed=seed), 400)
    # Five standard deviations of a binomial around the expectation, at its widest.
    assert abs(first.count("internal") - 400 * rate) <= 5 * (400 * 0.25) ** 0.5


def test_other_seeds_pick_other_requests() -> None:
    fault = {"kind": "internal", "rate": 0.5}
    assert hits(plan(fault, seed=1), 64) != hits(plan(fault, seed=2), 64)


@given(st.integers(0, 9), st.integers(0, 9))
def test_after_and_count_are_exact(after: int, count: int) -> None:
    dealt = hits(plan({"kind": "internal", "after": after, "count": count}), 20)
    assert dealt == [None] * after + ["internal"] * count + [None] * (20 - after - count)


def test_the_first_fault_of_the_document_wins() -> None:
    dealt = plan({"kind": "internal", "count": 1}, {"kind": "unavailable", "count": 3})
    assert hits(dealt, 4) == ["internal", "unavailable", "unavailable", None]


def test_what_a_fault_cannot_strike_is_passed_over_and_not_counted() -> None:
    dealt = plan({"kind": "wrong_items", "count": 1})
    assert dealt.fate(model="m", sha256=(), strikes=never).fault is None
    assert dealt.document()["faults"] == [{"kind": "wrong_items", "struck": 0}]
    assert dealt.fate(model="m", sha256=(), strikes=always).fault is not None
    assert dealt.document()["faults"] == [{"kind": "wrong_items", "struck": 1}]


def test_delays_add_up_and_spread_around_their_median() -> None:
    steady = plan({"kind": "latency", "ms": 100}, {"kind": "latency", "ms": 20})
    assert steady.fate(model="m", sha256=(), strikes=always).delay_ms == 120
    spread = plan({"kind": "latency", "ms": 100, "sigma": 0.5})
    delays = [spread.fate(model="m", sha256=(), strikes=always).delay_ms for _ in range(2000)]
    assert 90 < median(delays) < 110
    assert sum(delay > 200 for delay in delays) > 100


def test_a_quota_lets_its_rate_through() -> None:
    clock = [100.0]
    dealt = plan({"kind": "quota", "requests_per_second": 10}, clock=clock)
    passed = 0
    for _ in range(1000):
        passed += hits(dealt, 1) == [None]
        clock[0] += 0.01
    assert 100 <= passed <= 111


def test_a_black_hole_takes_requests_before_they_are_read() -> None:
    dealt = plan({"kind": "black_hole", "after": 1, "count": 1}, {"kind": "internal"})
    assert [dealt.swallows("m") for _ in range(3)] == [False, True, False]
    assert hits(dealt, 1) == ["internal"]
    assert not plan({"kind": "internal"}).swallows("m")
    assert not plan({"kind": "black_hole", "model": "other"}).swallows("m")
