"""A watch that dies at any of its writes: the next one goes on, and no job is made twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from bench.batches.made_jobs import make_job
from tierwise.answerer import ServiceKind
from tierwise.batches import watch as watching
from tierwise.batches.job_files import BatchJob, JobFiles, Taking
from tierwise.batches.take import WriteEntries
from tierwise.batches.watch import End, Rules, Watch
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator
from tierwise.gemini.batch.open_jobs import batch_jobs
from tierwise.gemini.billing import Billing
from tierwise.gemini.service import Service
from tierwise.journal.lines import Entry

# Records of two jobs: sending, named, ended, taking, taken, tidied; and the journal.
MOST_WRITES = 16


class KilledError(Exception):
    """The process ends here."""


@dataclass
class Life:
    """Dies at its n-th write, before or after that is done; 0 is for never."""

    dies_at: int = 0
    after: bool = False
    writes: int = 0

    def pass_through(self, write: Callable[[], Any]) -> Any:
        self.writes += 1
        if self.writes == self.dies_at and not self.after:
            raise KilledError
        done = write()
        if self.writes == self.dies_at:
            raise KilledError
        return done


@dataclass(frozen=True)
class Files(JobFiles):
    life: Life = field(default_factory=Life)

    def write(self, job: BatchJob) -> BatchJob:
        found: BatchJob = self.life.pass_through(lambda: JobFiles.write(self, job))
        return found


@pytest.fixture(scope="module")
def quick() -> Iterator[str]:
    with running_emulator(EmulatorConfig(batch_delay_s=0.0)) as url:
        yield url


@pytest.fixture
def desk(quick: str, gemini: Any) -> Any:
    found = type(gemini)(quick)
    found.reset()
    return found


def ordered(folder: Path, service: Service) -> None:
    """Two jobs that wait to be sent."""
    for number in (0, 3):
        made = make_job(folder / "journal" / "parts" / str(number), 3, first=number)
        order = replace(made.order, answerer=service.answerer, place=service.place)
        JobFiles(str(folder / "journal")).write(BatchJob(order))


def watched(folder: Path, service: Service, life: Life, journal: dict[str, Sequence[Entry]]) -> End:
    def write(taking: Taking, keeps: bool) -> WriteEntries:
        assert (taking, keeps) == (Taking("run", 2), False)

        def put(entries: Sequence[Entry], stem: str) -> None:
            life.pass_through(lambda: journal.update({stem: list(entries)}))

        return put

    return Watch(
        jobs=batch_jobs(service, patience_s=5.0),
        files=Files(str(folder / "journal"), life=life),
        billing=Billing(service),
        digits=2,
        write=write,
        rules=Rules(),
        fallbacks={},
        tell=lambda _: None,
    ).go()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_write(
    after: bool, desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_LOOKS_FOR_S", (0.01, 0.02))
    monkeypatch.setattr(watching, "_LEAST_LOOK_S", 0.02)
    service = Service(ServiceKind.EMULATOR, endpoint=desk.url)
    died = 0
    for at in range(1, MOST_WRITES):
        desk.reset()
        folder, journal = tmp_path / str(at), dict[str, Sequence[Entry]]()
        ordered(folder, service)
        try:
            watched(folder, service, Life(at, after), journal)
        except KilledError:
            died += 1
            assert watched(folder, service, Life(), journal) is End.TAKEN
        known = JobFiles(str(folder / "journal")).all()
        assert [job.standing for job in known] == ["taken", "taken"]
        # Each row was asked by one job, and each has one entry, whoever wrote it.
        asked = [line["batch"] for line in desk.requests()]
        assert len(asked) == 6
        assert len(set(asked)) == 2
        entries = [entry for some in journal.values() for entry in some]
        assert len({entry.request_id for entry in entries}) == len(entries) == 6
        billed = sum(entry.spent.cost for entry in entries)
        assert billed == desk.billed() == sum(job.taken.cost for job in known if job.taken)
    assert died >= 10


def test_what_was_never_created_is_looked_for_and_sent_once_more(
    desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_LOOKS_FOR_S", (0.01, 0.02))
    service = Service(ServiceKind.EMULATOR, endpoint=desk.url)
    ordered(tmp_path, service)
    lost = {"kind": "batch_reply_lost", "count": 1}
    desk.faults(lost, {**lost, "call": "upload"})
    assert watched(tmp_path, service, Life(), {}) is End.TAKEN
    assert len({line["batch"] for line in desk.requests()}) == 2
    assert len(desk.requests()) == 6
