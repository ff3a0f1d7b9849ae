"""Slots, spacing, pauses and the end, under a clock that moves only when somebody sleeps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.errors import RunEndedError
from tierwise.gemini.limiter import Clock, Limiter
from tierwise.records import Reason


class FakeTime:
    """Sleepers wake in the order of their alarms, and time jumps to the next of them."""

    def __init__(self) -> None:
        self.now = 0.0
        self._alarms: list[tuple[float, asyncio.Future[None]]] = []

    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep, lambda: 0.5)

    async def sleep(self, seconds: float) -> None:
        alarm = asyncio.get_running_loop().create_future()
        self._alarms.append((self.now + seconds, alarm))
        await alarm

    async def run(self, work: Awaitable[None]) -> None:
        """Let time pass until the work is done."""
        task = asyncio.ensure_future(work)
        while not task.done():
            for _ in range(20):
                await asyncio.sleep(0)
            if self._alarms and not task.done():
                self._alarms.sort(key=lambda alarm: alarm[0])
                self.now, alarm = self._alarms.pop(0)
                alarm.set_result(None)
        await task


def starts(
    requests: int, *, in_flight: int, per_minute: float | None, seconds_each: float
) -> tuple[list[float], int]:
    """When requests start, and the most that were under way at a time."""
    time, begun, under_way, most = FakeTime(), list[float](), 0, 0
    limiter = Limiter(
        requests_in_flight=in_flight, requests_per_minute=per_minute, clock=time.clock()
    )

    async def one() -> None:
        nonlocal under_way, most
        async with limiter.slot():
            begun.append(time.now)
            under_way += 1
            most = max(most, under_way)
            await time.sleep(seconds_each)
            under_way -= 1

    async def every() -> None:
        await asyncio.gather(*(one() for _ in range(requests)))

    asyncio.run(time.run(every()))
    assert limiter.idle.is_set()
    return begun, most


@given(st.integers(1, 30), st.integers(1, 8), st.floats(0.01, 10))
def test_no_more_than_the_slots_are_under_way(requests: int, slots: int, seconds: float) -> None:
    begun, most = starts(requests, in_flight=slots, per_minute=None, seconds_each=seconds)
    assert len(begun) == requests
    assert most == min(requests, slots)


@given(st.integers(2, 20), st.integers(1, 8), st.floats(1, 6000))
def test_starts_are_spaced_as_the_rate_says(requests: int, slots: int, per_minute: float) -> None:
    begun, _ = starts(requests, in_flight=slots, per_minute=per_minute, seconds_each=0.001)
    gaps = [after - before for before, after in pairwise(begun)]
    assert min(gaps) >= 60 / per_minute * (1 - 1e-9)
    # And no slower than the rate or the slots make necessary.
    assert max(gaps) <= 60 / per_minute + 0.001 + 1e-6


def test_a_pause_holds_for_everybody_and_the_longest_counts() -> None:
    time, begun = FakeTime(), list[float]()
    limiter = Limiter(requests_in_flight=4, requests_per_minute=None, clock=time.clock())

    async def one() -> None:
        async with limiter.slot():
            begun.append(time.now)

    async def every() -> None:
        limiter.pause(7)
        limiter.pause(3)
        await asyncio.gather(*(one() for _ in range(4)))

    asyncio.run(time.run(every()))
    assert begun == [7.0] * 4


def test_after_the_end_nothing_starts_and_the_first_reason_stays() -> None:
    time = FakeTime()
    limiter = Limiter(requests_in_flight=1, requests_per_minute=None, clock=time.clock())

    async def run() -> None:
        limiter.end(Reason.QUOTA_EXHAUSTED, "quota")
        limiter.end(Reason.UNAUTHORIZED, "later")
        for _ in range(3):
            with pytest.raises(RunEndedError, match="quota") as caught:
                async with limiter.slot():
                    pytest.fail("a request was started")
            assert caught.value.reason is Reason.QUOTA_EXHAUSTED
        assert limiter.idle.is_set()

    asyncio.run(time.run(run()))


def test_idle_says_whether_requests_are_under_way() -> None:
    limiter = Limiter(requests_in_flight=2, requests_per_minute=None, clock=Clock())

    async def fail_in_slot(seen: Callable[[bool], None]) -> None:
        async with limiter.slot():
            seen(limiter.idle.is_set())
            raise ValueError("broken")

    seen: list[bool] = []
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"):
            asyncio.run(fail_in_slot(seen.append))
    assert seen == [False] * 3
    assert limiter.idle.is_set()


def test_one_refusal_holds_all_and_then_spaces_them() -> None:
    time, begun = FakeTime(), list[float]()
    limiter = Limiter(requests_in_flight=20, requests_per_minute=None, clock=time.clock())

    async def one(number: int) -> None:
        async with limiter.slot() as start:
            begun.append(time.now)
            if 10 <= number < 20:  # the service lets ten pass
                await time.sleep(0.1)
                limiter.refuse(start, 1.9)
            await time.sleep(0.2)

    async def every() -> None:
        await asyncio.gather(*(one(number) for number in range(30)))

    asyncio.run(time.run(every()))
    assert begun[:20] == [0.0] * 20
    later = begun[20:]
    assert later[0] == pytest.approx(2.0)
    # Ten in two seconds were let through: 5 a second, and a little more as nothing is refused.
    gaps = [after - before for before, after in pairwise(later)]
    assert max(gaps) == pytest.approx(0.2)
    assert gaps == sorted(gaps, reverse=True)
    assert min(gaps) > 0.1


def test_the_end_wakes_whoever_waits() -> None:
    time = FakeTime()
    limiter = Limiter(requests_in_flight=1, requests_per_minute=1, clock=time.clock())
    woken: list[str] = []

    async def hold() -> None:
        async with limiter.slot():
            await time.sleep(5)
            limiter.end(Reason.QUOTA_EXHAUSTED, "quota")
            await time.sleep(100)
            woken.append("holder")

    async def wait(name: str, seconds: float) -> None:
        await limiter.sleep(seconds)
        woken.append(f"{name} at {time.now:g}")

    async def ask(name: str) -> None:
        with pytest.raises(RunEndedError, match="quota"):
            async with limiter.slot():
                pytest.fail("a request was started")
        woken.append(f"{name} at {time.now:g}")

    async def every() -> None:
        await asyncio.gather(hold(), wait("sleeper", 1000), ask("first"), ask("second"))
        await wait("late sleeper", 1000)

    asyncio.run(time.run(every()))
    assert sorted(woken[:3]) == ["first at 5", "second at 5", "sleeper at 5"]
    assert woken[3:] == ["holder", "late sleeper at 105"]


def test_whoever_is_cancelled_while_it_waits_leaves_nothing_behind() -> None:
    limiter = Limiter(requests_in_flight=1, requests_per_minute=None, clock=Clock())

    async def run() -> None:
        sleeper = asyncio.create_task(limiter.sleep(1000))
        limiter.pause(1000)

        async def ask() -> None:
            async with limiter.slot():
                pytest.fail("a request was started")

        asker = asyncio.create_task(ask())
        await asyncio.sleep(0.01)
        for task in (sleeper, asker):
            task.cancel()
        results = await asyncio.gather(sleeper, asker, return_exceptions=True)
        assert [type(result) for result in results] == [asyncio.CancelledError] * 2
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert limiter.idle.is_set()

    asyncio.run(run())


def test_failures_let_fewer_start_and_replies_more() -> None:
    time, under_way, most = FakeTime(), 0, list[int]()
    limiter = Limiter(requests_in_flight=40, requests_per_minute=None, clock=time.clock())

    async def one(number: int) -> None:
        nonlocal under_way
        async with limiter.slot() as start:
            under_way += 1
            most.append(under_way)
            await time.sleep(0.1)
            under_way -= 1
            if number < 40:
                limiter.fail(start)
            else:
                limiter.reply(start)

    async def every() -> None:
        await asyncio.gather(*(one(number) for number in range(500)))

    asyncio.run(time.run(every()))
    assert max(most[:40]) == 40
    assert max(most[60:90]) <= 30
    assert most[-40:] and max(most[-100:]) > 35
