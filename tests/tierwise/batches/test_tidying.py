"""What a launcher leaves at the service that is killed once a job's rows are journaled."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from bench.batches.made_jobs import make_job
from tierwise.answerer import ServiceKind
from tierwise.batches.job_files import JobFiles, Taken, Taking
from tierwise.batches.terms import Terms
from tierwise.batches.watch import End
from tierwise.emulator.config import EmulatorConfig
from tierwise.emulator.embedded import running_emulator
from tierwise.gemini.batch.jobs import Order
from tierwise.gemini.batch.open_jobs import batch_jobs
from tierwise.gemini.service import Service
from tierwise.journal.journal_files import JournalFiles


@pytest.fixture
def url() -> Iterator[str]:
    with running_emulator(EmulatorConfig(batch_delay_s=0.0)) as url:
        yield url


def test_the_next_watch_deletes_what_the_service_keeps(url: str, tmp_path: Path) -> None:
    service = Service(ServiceKind.EMULATOR, endpoint=url)
    files = JobFiles(str(tmp_path / "journal"))
    made = make_job(tmp_path / "journal" / "batches" / "parts" / "run", 3)
    jobs = batch_jobs(service, 20.0)
    parts = tuple(f"{part}/requests.jsonl" for part in made.order.parts)
    name = jobs.create(Order(made.order.display_name, made.order.model, parts))
    while not (state := jobs.look(name)).ended:
        time.sleep(0.02)
    order = replace(made.order, answerer=service.answerer)
    taken = replace(made, order=order, name=name, ended=state, taking=Taking("run", 2))
    files.write(taken.with_(taken=Taken(answered=3)))
    assert [job["deleted"] for job in listed(url)] == [False]
    journal = JournalFiles(files.journal, "run", digits=2)
    assert Terms().watch(service, journal, lambda *_: None, None) is End.TAKEN
    assert [job["deleted"] for job in listed(url)] == [True]
    assert [job.tidied for job in files.all()] == [True]
    assert not any(Path(part).exists() for part in made.order.parts)


def listed(url: str) -> Any:
    with urlopen(f"{url}/emulator/batches", timeout=20) as reply:
        return json.load(reply)
