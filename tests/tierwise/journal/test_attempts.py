"""Of several attempts at a shard one may spend, and no order of events lets them pass its purse."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.bucket import Bucket
from tierwise.accounts.admission import Purse
from tierwise.errors import OvertakenError
from tierwise.journal.attempts import (
    Attempt,
    Fence,
    begin_attempt,
    end_attempts,
    under_way_before,
)
from tierwise.journal.intent_file import IntentFile
from tierwise.journal.intent_objects import IntentObjects
from tierwise.journal.intents import Intent, Sums
from tierwise.journal.journal_files import JournalFiles

SHARE, WORST = 30, 10


def intent(content: str = "sha256:0", worst: int = WORST) -> Intent:
    return Intent(worst, "kind", "model", "2026-11-30T12:00:00Z", ((content, "id"),))


async def ready() -> None:
    """The journal of these tests can always be written."""


@pytest.fixture(params=["disk", "bucket"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> JournalFiles:
    if request.param == "disk":
        return JournalFiles(str(tmp_path / "journal"), "run-1", 1)
    request.getfixturevalue("bucket")
    return JournalFiles("gs://archive/journal", "run-1", 1)


def test_the_last_one_holds_and_knows_who_was_before(journal: JournalFiles) -> None:
    first = begin_attempt(journal, "0", "p1")
    other_shard = begin_attempt(journal, "1", "p1")
    assert first.holds()
    second, third = (begin_attempt(journal, "0", process) for process in ("p2", "p1"))
    assert [one.holds() for one in (first, second, third, other_shard)] == [0, 0, 1, 1]
    assert [set(one.before) for one in (first, second, third)] == [set(), {"p1"}, {"p1", "p2"}]


def test_of_many_that_begin_at_once_one_holds_and_knows_all(journal: JournalFiles) -> None:
    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(lambda n: begin_attempt(journal, "0", f"p{n}"), range(8)))
    [holder] = [one for one in begun if one.holds()]
    assert set(holder.content.decode().split()[1:]) == {f"p{n}" for n in range(8)}


def test_nobody_holds_once_the_run_is_over_or_another_begins(journal: JournalFiles) -> None:
    attempt = begin_attempt(journal, "0", "p1")
    journal.forget_attempts()
    assert not attempt.holds()
    attempt = begin_attempt(journal, "0", "p1")
    end_attempts(journal.folder)
    assert not attempt.holds()
    assert begin_attempt(journal, "0", "p2").content != attempt.content
    assert not attempt.holds()  # a later start of the same run counts from one again


@pytest.mark.parametrize("journal", ["disk"], indirect=True)
def test_requests_of_its_shard_that_were_left_open_count(journal: JournalFiles) -> None:
    async def leave() -> None:
        intents = IntentFile(journal.intents, ready)
        begin_attempt(journal, "0", intents.process)
        keys = [await intents.open(intent(f"sha256:{n % 2}{n}", 2**n)) for n in range(6)]
        intents.close(keys[2], Sums(1, 3))

    asyncio.run(leave())
    assert under_way_before(journal, begin_attempt(journal, "0", "p2")) == 1 + 16
    assert under_way_before(journal, begin_attempt(journal, "0", "p3")) == 1 + 16
    assert under_way_before(journal, begin_attempt(journal, "1", "p3")) == 0


def test_one_that_was_overtaken_sends_nothing_and_leaves_nothing_open(
    journal: JournalFiles,
) -> None:
    sent = list[int]()

    async def send(intents: IntentFile | IntentObjects, fence: Fence, number: int) -> None:
        async with intents.announced(intent(), fence.check) as sending:
            await sending.send()
            sent.append(number)
            sending.settle(Sums(1, 1))

    async def run() -> Attempt:
        with ThreadPoolExecutor(2) as executor:
            disk = "://" not in journal.folder
            intents = (
                IntentFile(journal.intents, ready)
                if disk
                else IntentObjects(journal.intents, ready, executor, 20)
            )
            attempt = begin_attempt(journal, "0", intents.process)
            fence = Fence(attempt, executor)
            await asyncio.gather(*(send(intents, fence, number) for number in range(20)))
            second = begin_attempt(journal, "0", "p2")
            with pytest.raises(OvertakenError, match="another worker has begun the same part"):
                await send(intents, fence, 20)
            if not disk:  # its next object says so
                second_fence = Fence(second, executor)
                await send(intents, second_fence, 21)
            return second

    second = asyncio.run(run())
    assert 20 not in sent
    assert set(range(20)) <= set(sent)
    left = under_way_before(journal, second)
    assert left == (0 if "://" not in journal.folder else WORST)  # named until the next object


def test_in_a_bucket_those_who_wait_share_a_look(bucket: Bucket) -> None:
    journal = JournalFiles("gs://archive/journal", "run-1", 1)

    async def run() -> None:
        with ThreadPoolExecutor(2) as executor:
            fence = Fence(begin_attempt(journal, "0", "p1"), executor)
            before = bucket.counts["read"]
            await asyncio.gather(*(fence.check() for _ in range(50)))
            assert bucket.counts["read"] - before <= 2

    asyncio.run(run())


@dataclass
class World:
    """What has been billed, and what the journal knows of it."""

    billed: int = 0
    paid: int = 0


def spend(
    journal: JournalFiles, world: World, loop: asyncio.AbstractEventLoop, costs: list[int]
) -> Iterator[None]:
    """One attempt, as a worker makes it; the world may go on, or it may die, at every `yield`."""
    intents = IntentFile(journal.intents, ready)
    attempt = begin_attempt(journal, "", intents.process)
    yield
    lost = under_way_before(journal, attempt)
    yield
    purse = Purse(max(0, SHARE - world.paid - lost))
    while costs and purse.hold(WORST):
        yield
        key = loop.run_until_complete(intents.open(intent()))
        yield
        if not attempt.holds():
            intents.close(key, Sums())
            return
        yield
        cost = costs.pop() if costs else 0
        world.billed += cost
        yield
        world.paid += cost
        yield
        intents.close(key, Sums(1, cost))
        purse.settle(WORST, cost)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50
)
@given(
    turns=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 5)), min_size=6, max_size=20),
    costs=st.lists(st.sampled_from([WORST, WORST, 1]), min_size=20, max_size=20),
)
@example(turns=[(0, 6), (1, 2), (0, 2), (1, 60)], costs=[WORST] * 20)  # kept while another looks
@example(turns=[(0, 4), (1, 3), (0, 60), (1, 60)], costs=[WORST] * 20)  # about to send
def test_no_order_of_events_passes_the_purse(
    turns: list[tuple[int, int]], costs: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Three workers: each begins at its first turn, stands still, goes on, or never again."""
    journal = JournalFiles(str(tmp_path_factory.mktemp("journal")), "run-1", 0)
    world, loop = World(), asyncio.new_event_loop()
    workers = [spend(journal, world, loop, costs) for _ in range(3)]
    try:
        for worker, steps in turns:
            for _ in range(steps):
                next(workers[worker], None)
            assert world.billed <= SHARE
        for _ in spend(journal, world, loop, costs):  # the last one alone comes to the end
            assert world.billed <= SHARE
    finally:
        loop.close()
    assert not costs or world.billed > SHARE - (3 + 1) * WORST  # three may have one open
