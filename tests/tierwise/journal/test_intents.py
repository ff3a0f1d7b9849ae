"""What is about to be sent is known after any kill, and nothing else counts as under way."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bucket import Bucket
from tierwise.journal import intent_file
from tierwise.journal.intent_file import IntentFile
from tierwise.journal.intent_objects import IntentObjects
from tierwise.journal.intents import (
    Intent,
    Intents,
    Sums,
    UnderWay,
    begin_intents,
    decode_intents,
    intents_of,
    tidy_intents,
)

ROOT = Path(__file__).parents[3]


def intent(number: int) -> Intent:
    asked = ((f"sha256:{number}", f"id{number}"),)
    return Intent(1000 + number, "kind", "gemini-3.1-flash-lite", "2026-11-29T12:00:00Z", asked)


async def ready() -> None:
    """The journal of these tests can always be written."""


async def ask(intents: Intents, number: int, ends: str) -> None:
    async with intents.announced(intent(number)) as sending:
        await sending.send()
        if ends == "killed":
            raise asyncio.CancelledError
        sending.settle(Sums(1, 10) if ends == "paid" else Sums())


def ask_all(make: Callable[[], Intents], ends: list[str]) -> None:
    async def run() -> None:
        intents = make()
        asked = (ask(intents, number, end) for number, end in enumerate(ends))
        await asyncio.gather(*asked, return_exceptions=True)

    asyncio.run(run())


@given(ends=st.lists(st.sampled_from(["paid", "refused", "killed"]), max_size=40))
@pytest.mark.parametrize("most_lines", [1, 7, 1000])
def test_what_was_neither_paid_nor_refused_is_left(
    most_lines: int, ends: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    journal = str(tmp_path_factory.mktemp("journal"))
    begin_intents(journal, "run-1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intent_file, "_MOST_LINES", most_lines)
        ask_all(lambda: IntentFile(f"{journal}/intents/run-1", ready), ends)
    for _ in range(2):  # the second time as the next run left it
        left = intents_of(journal, "run-1")
        assert left is not None
        killed = [number for number, end in enumerate(ends) if end == "killed"]
        assert sorted(one.worst - 1000 for one in left.opened.values()) == killed
        assert left.settled == Sums(ends.count("paid"), 10 * ends.count("paid"))
        tidy_intents(journal, "run-1")


def test_a_line_that_was_cut_off_was_not_sent() -> None:
    whole = UnderWay({"1": intent(1), "2": intent(2)}).encoded()
    assert list(decode_intents(whole).opened) == ["1", "2"]
    assert list(decode_intents(whole[:-9]).opened) == ["1"]


def test_a_killed_process_leaves_exactly_what_it_sent(tmp_path: Path) -> None:
    program = (
        "import asyncio, os, sys\n"
        "from tests.tierwise.journal.test_intents import IntentFile, Sums, intent, ready\n"
        "async def run():\n"
        "    file = IntentFile(sys.argv[1], ready)\n"
        "    keys = [await file.open(intent(number)) for number in range(100)]\n"
        "    for key in keys[:90]: file.close(key, Sums(1, 10))\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(run())\n"
    )
    command = [sys.executable, "-c", program, f"{tmp_path}/intents/run-1"]
    subprocess.run(command, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60)
    left = intents_of(str(tmp_path), "run-1")
    assert left is not None
    assert {one.worst for one in left.opened.values()} == set(range(1090, 1100))
    assert left.settled == Sums(90, 900)


def test_a_bucket_gets_one_object_a_second(bucket: Bucket) -> None:
    folder = "gs://archive/journal/intents/run-1"

    async def run() -> None:
        with ThreadPoolExecutor(2) as executor:
            intents = IntentObjects(folder, ready, executor, most=20)
            for first in (0, 50):
                asked = (ask(intents, first + number, "paid") for number in range(50))
                await asyncio.gather(*asked)
            with pytest.raises(asyncio.CancelledError):
                await ask(intents, 100, "killed")

    bucket.counts.clear()
    asyncio.run(run())
    assert 4 <= bucket.counts["write"] <= 8, bucket.counts  # of twenty at a time
    left = intents_of("gs://archive/journal", "run-1")
    assert left is not None
    assert [one.worst for one in left.opened.values()] == [1100]


def test_in_a_bucket_nothing_stays_open_that_was_settled_last(bucket: Bucket) -> None:
    del bucket

    async def run() -> None:
        with ThreadPoolExecutor(2) as executor:
            intents = IntentObjects("gs://archive/journal/intents/run-1", ready, executor, most=20)
            await asyncio.gather(*(ask(intents, number, "paid") for number in range(3)))
            await intents.tell()
            await intents.tell()

    asyncio.run(run())
    left = intents_of("gs://archive/journal", "run-1")
    assert left is not None
    assert not left.opened
    assert left.settled == Sums(3, 30)
