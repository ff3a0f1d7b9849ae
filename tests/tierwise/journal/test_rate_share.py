"""However workers come and go, together they stay within the limit, and use it when they stay."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bucket import Bucket
from tierwise.gemini.limiter import Clock, Limiter
from tierwise.journal.rate_share import RateShare
from tierwise.scheduling.keep_pace import KeepPace

# For each slot, the workers that have something to ask.
ARCHIVES = st.lists(st.frozensets(st.integers(0, 6)), min_size=3, max_size=12)


def shares(folder: str, slots: list[frozenset[int]]) -> list[dict[int, float]]:
    """The part of each worker in each slot; all of them enter, whether they want to ask or not."""
    everybody = frozenset().union(*slots)
    found = []
    for slot, wanting in enumerate(slots, start=100):
        found.append(
            {
                worker: RateShare(folder, f"w{worker}").enter(slot, wanted=worker in wanting)
                for worker in everybody
            }
        )
    return found


@given(ARCHIVES)
def test_parts_add_up_to_the_whole_among_those_who_wanted_them(
    slots: list[frozenset[int]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = shares(folder, slots)
        for before, parts in zip([frozenset[int](), *slots], found, strict=False):
            having = {worker for worker, part in parts.items() if part}
            assert having == before
            assert sum(parts.values()) == pytest.approx(1.0 if before else 0.0)
            assert len({part for part in parts.values() if part}) <= 1


def test_marks_are_swept_away_but_for_the_last_two(tmp_path: Path) -> None:
    share = RateShare(str(tmp_path), "me")
    for slot in range(20):
        share.enter(slot, wanted=True)
    assert sorted(path.parent.name for path in tmp_path.rglob("me")) == ["18", "19"]


def test_marks_in_a_bucket_count_alike(bucket: Bucket) -> None:
    folder = "gs://results/out/journal/workers/run"
    one, two = RateShare(folder, "one"), RateShare(folder, "two")
    assert one.enter(7, wanted=True) == 0
    assert one.enter(8, wanted=True) == 1
    assert two.enter(8, wanted=True) == 0
    assert one.enter(9, wanted=False) == two.enter(9, wanted=True) == 0.5
    assert one.enter(10, wanted=False) == 0
    assert two.enter(10, wanted=True) == 1
    assert bucket.counts["write"] == 5


def test_slots_and_latecomers() -> None:
    share = RateShare("", "me", period_s=20)
    assert (share.slot(100.0), share.left_s(100.0)) == (5, 20)
    assert (share.slot(119.0), share.left_s(119.0)) == (5, 1)
    assert [share.comes_too_late(now) for now in (100.0, 114.0, 116.0)] == [False, False, True]


def test_two_processes_start_together_no_more_than_the_limit(tmp_path: Path) -> None:
    """Two limiters, each on a loop of its own, as two workers have them; slots of 0.4 s."""
    started: list[float] = []

    def work(worker: str, seconds: float) -> None:
        loop = asyncio.new_event_loop()
        limiter = Limiter(requests_in_flight=8, requests_per_minute=1200, clock=Clock())
        limiter.pause(0.4)
        share = RateShare(str(tmp_path), worker, period_s=0.4)
        pace = KeepPace(
            share, limiter, lambda part: limiter.limit(1200 * part), loop.call_soon_threadsafe
        )

        async def ask() -> None:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                async with limiter.slot():
                    started.append(time.monotonic())

        loop.run_until_complete(ask())
        pace.stop()
        loop.close()

    threads = [threading.Thread(target=work, args=(name, 2.4)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    started.sort()
    # 20 a second together, where each alone would have 20; a busy machine wakes threads late.
    assert started
    assert len(started) <= 30 * (started[-1] - started[0]) + 8
