"""Whoever was stopped for long looks at the lease before it sends anything."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tierwise.errors import LeaseLostError
from tierwise.journal.holding import Holding, seconds_awake_or_not
from tierwise.journal.journal_files import JournalFiles
from tierwise.journal.run_record import new_record
from tierwise.journal.run_records import Lease, take_lease


class Clock:
    """A clock that goes on when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as threads:
        yield threads


@pytest.fixture
def lease(tmp_path: Path) -> Lease:
    record = new_record("asleep", untraced_requests=0, journal_version=1)
    return take_lease(str(tmp_path / "runs"), record)


@pytest.fixture
def journal(tmp_path: Path, lease: Lease) -> JournalFiles:
    return JournalFiles(str(tmp_path), "asleep", 1, number=lease.number)


def test_nothing_is_sent_after_a_long_sleep_when_another_has_begun(
    executor: ThreadPoolExecutor, journal: JournalFiles, lease: Lease
) -> None:
    clock, sent = Clock(), list[str]()

    async def ready() -> None:
        sent.append("announced")

    async def send_all() -> None:
        send = Holding(journal.check_lease, executor, clock).before(ready)
        await send()
        clock.now = 3600.0
        await send()  # it slept, and nobody took over
        lease.end(untraced_requests=0)
        take_lease(lease.folder, new_record("awake", untraced_requests=0, journal_version=1))
        clock.now = 7200.0
        for _ in range(3):
            with pytest.raises(LeaseLostError, match="another run, awake on"):
                await send()

    asyncio.run(send_all())
    assert sent == ["announced"] * 2


def test_looks_are_few_and_beside_what_is_sent(executor: ThreadPoolExecutor) -> None:
    clock, looks = Clock(), list[float]()

    async def send_all() -> None:
        holding = Holding(lambda: looks.append(clock.now), executor, clock)
        for second in range(600):
            clock.now = float(second)
            await holding.sure()
            await asyncio.sleep(0.0005)

    asyncio.run(send_all())
    assert 6 <= len(looks) <= 13


def test_a_lease_that_nobody_can_see_is_not_taken_for_held(executor: ThreadPoolExecutor) -> None:
    clock = Clock()

    def fail() -> None:
        raise OSError(5, "the bucket is away")

    async def send_all() -> None:
        holding = Holding(fail, executor, clock)
        clock.now = 50.0
        await holding.sure()  # not for long yet
        clock.now = 100.0
        with pytest.raises(OSError, match="the bucket is away"):
            await holding.sure()

    asyncio.run(send_all())


def test_the_clock_goes_on() -> None:
    before = seconds_awake_or_not()
    assert seconds_awake_or_not() >= before
