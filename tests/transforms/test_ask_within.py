"""A bundle that died and is tried again stays within its shard's share of the cap."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.accounts.admission import Admission, Cap, Paid
from tierwise.answerer import ServiceKind
from tierwise.answering.groups import Group
from tierwise.answering.plan import Plan
from tierwise.gemini.service import Service
from tierwise.journal.journal_files import JournalFiles
from tierwise.questions import as_written
from tierwise.records import Answered, Failure, ImageFile
from tierwise.scheduling.answer_shard import AnsweredShard
from tierwise.scheduling.running import close_all
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
    plan = Plan(
        as_written(load_tasks(TASKS % per, path="tasks.yaml")),
        Service(ServiceKind.EMULATOR, gemini.url),
        JournalFiles(str(tmp_path / "journal"), "run-1", 0),
        requests_in_flight=IN_FLIGHT,
    )
    gemini.faults({"kind": "latency", "ms": 200})
    died: list[BaseException] = []

    def die() -> None:
        try:
            attempt(plan, shard)
        except BaseException as error:  # noqa: BLE001 - a worker that is killed
            died.append(error)

    worker = threading.Thread(target=die)
    worker.start()
    while len(gemini.requests()) < 10:
        time.sleep(0.02)
    close_all()
    worker.join(20)
    assert died
    gemini.faults()
    answered = attempt(plan, shard)
    close_all()
    assert len(answered) == IMAGES
    failed = sum(isinstance(one.outcomes[0], Failure) for one in answered)
    assert 0 < failed < IMAGES
    assert 0.5 * SHARE < gemini.billed() <= SHARE
    assert plan.journal.begin("") == 2
