"""A bundle that died and is tried again stays within its shard's share of the cap."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tierwise.accounts.admission import Admission, Cap, Paid
from tierwise.answerer import ServiceKind
from tierwise.answering.groups import Group
from tierwise.answering.plan import Plan
from tierwise.gemini.billing import Billing
from tierwise.gemini.service import Service
from tierwise.journal.journal_files import JournalFiles
from tierwise.journal.recalled import Recalled
from tierwise.prices.price_day import price_day
from tierwise.questions import as_written
from tierwise.records import Answered, Failure, ImageFile
from tierwise.scheduling.answer_shard import AnsweredShard
from tierwise.scheduling.running import close_all
from tierwise.scheduling.worst_cases import WorstCases
from tierwise.tasks import load_tasks
from tierwise.transforms.ask_within import _AskWithinFn
from tierwise.transforms.asking_fn import SharedEngine
from tierwise.transforms.shard import Keyed, Shard

TASKS = 'model: gemini-3.1-flash-lite\ntasks: {a: {prompt: "Light?", labels: [dark, bright]%s}}\n'
IMAGES = 60
SHARE = 4_000_000
IN_FLIGHT = 4
EACH = 2


def shard_of(folder: Path, draw: Callable[..., bytes], each: int) -> Shard:
    """Images, or groups of so many."""
    files = []
    for number in range(IMAGES):
        path = folder / f"{number}.jpg"
        path.write_bytes(draw(number))
        files.append(ImageFile(path.name, str(path), 1, f"sha256:{number:064x}"))
    if not each:
        return Shard("", tuple(Keyed(file.content_hash, file) for file in files))
    parts = (files[n : n + each] for n in range(0, IMAGES, each))
    return Shard("", groups=tuple(Group("a", part[0].name, tuple(part)) for part in parts))


def plan_of(folder: Path, per: str, gemini: Any) -> Plan:
    return Plan(
        as_written(load_tasks(TASKS % per, path="tasks.yaml")),
        Service(ServiceKind.EMULATOR, gemini.url),
        JournalFiles(str(folder / "journal"), "run-1", 0),
        requests_in_flight=IN_FLIGHT,
    )


def attempt(plan: Plan, shard: Shard) -> list[Answered]:
    """One attempt at a bundle, as Beam calls it; what is under way is given up at the end."""
    fn = _AskWithinFn(SharedEngine(plan))
    fn.setup()
    fn.start_bundle()
    done = [*fn.process(shard, Admission(Cap(SHARE), Paid(), {"": SHARE}))]
    done += [windowed.value for windowed in fn.finish_bundle()]
    return [one for some in done for one in (*some.files, *members(some))]


def members(shard: AnsweredShard) -> list[Answered]:
    """The files of groups; of those that were not opened, the rest stands for each."""
    return [
        one
        for group in shard.groups
        for one in group.members or [Answered("", group.name, (group.rest,))] * EACH
    ]


@pytest.mark.parametrize(
    ("per", "each"), [("", 0), (f", per: folder, max_per_group: {EACH}", EACH)]
)
def test_an_attempt_that_died_comes_off_the_share(
    per: str, each: int, tmp_path: Path, draw: Callable[..., bytes], gemini: Any
) -> None:
    shard = shard_of(tmp_path, draw, each)
    plan = plan_of(tmp_path, per, gemini)
    gemini.faults({"kind": "latency", "ms": 200})
    died: list[BaseException] = []

    def die() -> None:
        try:
            attempt(plan, shard)
        except BaseException as error:  # noqa: BLE001 - a worker that is killed
            died.append(error)

    thread = threading.Thread(target=die)
    thread.start()
    wait_for(lambda: len(gemini.requests()) >= 10)
    close_all()
    thread.join(20)
    assert died
    gemini.faults()
    answered = attempt(plan, shard)
    close_all()
    assert len(answered) == IMAGES
    failed = sum(isinstance(one.outcomes[0], Failure) for one in answered)
    assert 0 < failed < IMAGES
    assert SHARE - (IN_FLIGHT + 1) * most_of_one(plan, shard) < gemini.billed() <= SHARE


def most_of_one(plan: Plan, shard: Shard) -> int:
    """The worst case of a request."""
    cases = WorstCases(plan.questions, Billing(plan.service), price_day(datetime.now(UTC)))
    costs = [cases.of_file(keyed.file, Recalled()) for keyed in shard.files]
    costs += [cases.of_group(group, Recalled()) for group in shard.groups]
    return max(costs)


class Worker:
    """A process that attempts a shard once it is told to, as a machine of a cluster does."""

    PROGRAM = (
        "import pickle, sys\n"
        "from tests.transforms.test_ask_within import attempt\n"
        "attempt(*pickle.load(sys.stdin.buffer))\n"
    )

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.PROGRAM],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def begin(self, plan: Plan, shard: Shard) -> None:
        assert self.process.stdin
        pickle.dump((plan, shard), self.process.stdin)
        self.process.stdin.flush()

    def told(self) -> str:
        """What it said, once it has ended."""
        return self.process.communicate(timeout=60)[1].decode()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    made = [Worker(), Worker()]
    yield made
    for one in made:
        one.end()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_a_preempted_worker_neither_burns_the_share_nor_passes_it(
    end: signal.Signals, tmp_path: Path, draw: Callable[..., bytes], gemini: Any, workers: Any
) -> None:
    """One that was only stopped goes on beside the one in its place, and sends nothing more."""
    shard = shard_of(tmp_path, draw, 0)
    plan = plan_of(tmp_path, "", gemini)
    gemini.faults({"kind": "latency", "ms": 100})
    preempted, other = workers
    preempted.begin(plan, shard)
    wait_for(lambda: len(gemini.requests()) >= 8)
    preempted.process.send_signal(end)
    other.begin(plan, shard)
    wait_for(lambda: len(gemini.requests()) >= 16)
    preempted.process.send_signal(signal.SIGCONT)
    told = preempted.told()
    assert other.told() == ""
    assert other.process.returncode == 0
    assert preempted.process.returncode
    assert ("another worker has begun the same part" in told) is (end is signal.SIGSTOP)
    assert SHARE - (IN_FLIGHT + 1) * most_of_one(plan, shard) < gemini.billed() <= SHARE


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
