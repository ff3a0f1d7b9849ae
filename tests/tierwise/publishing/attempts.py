"""Attempts at publishing a run, in this process step by step, and in one that is killed there."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from itertools import islice
from typing import Any

import pyarrow.parquet as pq

from tierwise.accounts.costs import totals_of
from tierwise.accounts.table_names import FAILURES, WIDE, answers_table
from tierwise.accounts.tables import answers_schema, failures_schema
from tierwise.journal.journal_files import JournalFiles
from tierwise.journal.run_record import new_record
from tierwise.journal.run_records import Lease, take_lease
from tierwise.publishing.closing import Step, Steps, settle_earlier
from tierwise.publishing.parts import Part, outcome_row, write_part
from tierwise.publishing.publish_run import Found, Publication, publishing
from tierwise.records import (
    Answer,
    ImageFile,
    MediaResolution,
    NamedOutcome,
    Page,
    Sent,
    ServiceTier,
    Spent,
    Usage,
)
from tierwise.storage.files import files_for, join
from tierwise.storage.gcs_names import HOST_VARIABLE
from tierwise.storage.process import Process

_MODEL = "gemini-3.1-flash-lite"
_TABLE = answers_table("a")


@dataclass(frozen=True)
class Run:
    """A run that asks the task `a` of so many pictures."""

    lease: Lease
    publication: Publication
    rows: int

    def stage(self) -> list[Part]:
        """Its rows in two parts, as bundles write them."""
        named = [NamedOutcome(_image(f"{n}.jpg"), _answer()) for n in range(self.rows)]
        cells = [outcome_row(one)[1] for one in named]
        schema, folder = self.publication.schemas[_TABLE], self.publication.staging
        return [write_part(folder, _TABLE, schema, some) for some in (cells[:1], cells[1:])]

    def attempt(self, parts: Sequence[Part]) -> Steps[dict[str, Any]]:
        """One attempt of its last step, whatever others do."""
        [(key, totals)] = totals_of(_answer())
        costs = [(key, sum([totals] * (self.rows - 1), totals))]
        return publishing(self.publication, Found(parts, costs, {"repeated_rows": 0}))


def begin(output: str, run_id: str, rows: int) -> Run:
    """Take the lease of an output, and tidy up as every run does first."""
    runs = join(output, "journal", "runs")
    record = new_record(run_id, untraced_requests=0, journal_version=1)
    record = replace(record, handed_over=True, process=Process("another-machine", 1))
    lease = take_lease(runs, record, take_over=True)
    settle_earlier(output, lease.check)
    return Run(lease, _publication(output, run_id, lease.number), rows)


def end(run: Run, attempt: Steps[dict[str, Any]]) -> dict[str, Any]:
    """Take all steps of an attempt that are left."""
    while True:
        try:
            next(attempt)
        except StopIteration as done:
            result: dict[str, Any] = done.value
            assert result["run_id"] == run.lease.record.run_id
            return result


@dataclass(frozen=True)
class Doomed:
    """A process that makes others, each of which takes some steps and is killed."""

    process: subprocess.Popen[bytes]

    def dies_after(self, steps: int, run: Run, parts: Sequence[Part]) -> None:
        """Return when one has taken so many steps, and was killed before the next."""
        assert self.process.stdin
        assert self.process.stdout
        pickle.dump((steps, run, parts), self.process.stdin)
        self.process.stdin.flush()
        assert self.process.stdout.readline() == b"killed by 9\n"


@contextmanager
def doomed(url: str) -> Iterator[Doomed]:
    """Processes that find buckets at this address."""
    command = [sys.executable, "-m", __name__]
    environment = {**os.environ, HOST_VARIABLE: url}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as process:
        yield Doomed(process)
        assert process.stdin
        process.stdin.close()


def _make_others() -> None:
    import_module("tierwise.storage.gcs_files")
    while True:
        try:
            steps, run, parts = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        child = os.fork()
        if not child:
            for _ in islice(run.attempt(parts), steps):
                pass
            os.kill(os.getpid(), signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        print(f"killed by {os.WTERMSIG(status)}", flush=True)


def steps_of(run: Run) -> list[Step]:
    """All steps that it takes."""
    return list(run.attempt(run.stage()))


@dataclass
class Reader:
    """Follows `run.json`, and notes when what it lists is not there."""

    output: str
    wrong: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def look(self) -> None:
        """One look; who finds a file gone looks whether the list is another by now."""
        before = self._listed()
        gone = [table["file"] for table in before["tables"] if not self._has(table)]
        after = self._listed()
        if gone and before == after:
            self.wrong.append(f"{before['run_id']} lists {gone}")
        self.seen.add(before["run_id"])

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look again and again, beside what the body does."""
        done = threading.Event()

        def look() -> None:
            while not done.wait(0.03):
                self.look()

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _listed(self) -> dict[str, Any]:
        uri = join(self.output, "run.json")
        run = json.loads(files_for(uri).read(uri))
        return {"run_id": run["run_id"], "tables": run["tables"]}

    def _has(self, table: dict[str, Any]) -> bool:
        uri = join(self.output, table["file"])
        try:
            return bool(files_for(uri).stat(uri).bytes == table["bytes"])
        except FileNotFoundError:
            return False


def whole(output: str) -> tuple[str, int]:
    """Which run's tables lie in an output, and how many rows; they are all of them, and no others.

    As one reads them who knows nothing of `run.json`: every file below the folders.
    """
    files = files_for(output)
    run = json.loads(files.read(join(output, "run.json")))
    found = {
        stat.uri[len(output) + 1 :]: stat.bytes
        for folder in ("answers", "failures", "costs", "wide", "evaluation", "counts")
        for stat in files.walk(join(output, folder))
    }
    assert found == {table["file"]: table["bytes"] for table in run["tables"]}
    names, images = list[str](), 0
    for name in found:
        with files.open(join(output, name)) as stream:
            table = pq.ParquetFile(stream).read()
        if name.startswith("answers/"):
            names += table["uri"].to_pylist()
        if name.startswith("costs/"):
            images += sum(table["images"].to_pylist())
    assert sorted(names) == [f"{n}.jpg" for n in range(len(names))]  # none lost, none twice
    assert images == len(names) == run["images"]
    return run["run_id"], len(names)


def _publication(output: str, run_id: str, number: int) -> Publication:
    facts = {
        "run_id": run_id,
        "answerer": {"service": "developer", "emulator": ""},
        "asked": [],
    }
    return Publication(
        output=output,
        journal=JournalFiles(join(output, "journal"), run_id, 1, number=number),
        tasks=("a",),
        schemas={
            _TABLE: answers_schema({"type": "string"}, {}),
            FAILURES: failures_schema({}),
            WIDE: failures_schema({}),
        },
        facts=facts,
        at_once=1,
    )


def _image(uri: str) -> ImageFile:
    return ImageFile(uri=uri, path=uri, bytes=7, content_hash="sha256:aa")


def _answer() -> Answer:
    return Answer(
        request_id="a1",
        task="a",
        page=Page(1, 1, 64, 48, "jpeg"),
        value="x",
        model=_MODEL,
        model_version=_MODEL,
        media_resolution=MediaResolution.LOW,
        service_tier=ServiceTier.STANDARD,
        sent=Sent(64, 48, 7),
        images_in_request=1,
        spent=Spent(Usage(input_tokens=10, output_tokens=1), 5, 1),
        wasted=Spent(),
        baseline=9,
        attempts=1,
        latency_ms=3,
        asked_at="2026-11-20T10:00:00+00:00",
    )


if __name__ == "__main__":
    _make_others()
