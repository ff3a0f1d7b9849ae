"""One job of nearly 2 GB, and one of 200,000 requests: `python -m bench.batches.large_job`.

Requests are made by the `Gatherer` with pictures of 90 KB of random bytes; a server that answers at
once takes the upload (`bench.batches.sink`). `Watch` sees the job through in a process that has
imported all that a launcher has, whose memory is looked at every 10 ms, by what it does just then.
The second job has packs of 8 in the form of Vertex AI, and goes through `take` alone.

2026-11-30: a job of 1,986 MB takes 36 MB of memory at most, one of 200,000 packs of 8 takes 71 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.batches.made_jobs import billing_of, line, make_job, response, rows_of
from tierwise.answerer import ServiceKind
from tierwise.batches.job_files import BatchJob, JobFiles, Taking
from tierwise.batches.take import take
from tierwise.batches.watch import Rules, Watch
from tierwise.gemini.batch.open_jobs import batch_jobs
from tierwise.gemini.billing import Billing
from tierwise.gemini.service import Service
from tierwise.journal.journal_files import JournalFiles

_ROOT = Path(__file__).parents[2]
_PICTURE_BYTES = 90_000
_PAGE = os.sysconf("SC_PAGE_SIZE")
HEAD = ("step", "requests", "MB", "s", "CPU s", "requests/s of CPU", "peak MB", "more than before")


@dataclass(slots=True)
class Meter:
    """Steps of a process: their times, and the most memory that was resident in each."""

    before_mb: float
    rows: list[dict[str, Any]] = field(default_factory=list)
    _peak: float = 0.0

    @contextmanager
    def step(self, name: str, requests: int, megabytes: float) -> Iterator[None]:
        """Measure the body."""
        self._peak, began, cpu = resident_mb(), time.monotonic(), time.process_time()
        yield
        self.look()
        took = {"s": time.monotonic() - began, "cpu": time.process_time() - cpu}
        told = {"step": name, "requests": requests, "mb": megabytes, "peak": self._peak}
        self.rows.append({**told, **took, "more": self._peak - self.before_mb})

    def look(self) -> None:
        """Remember the most."""
        self._peak = max(self._peak, resident_mb())

    def watch(self) -> None:
        """Look every 10 ms, for as long as this process is."""

        def go() -> None:
            while True:
                self.look()
                time.sleep(0.01)

        threading.Thread(target=go, daemon=True).start()


def main() -> int:
    """Print a row for each step; each job is made and measured in processes of their own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=16_500)
    parser.add_argument("--packs", type=int, default=200_000)
    parser.add_argument("--step", default="")
    parser.add_argument("--folder", default="")
    given = parser.parse_args()
    if given.step:
        steps = {"gather": _gather, "watch": _watch, "make": _make, "take": _take}
        print(json.dumps(steps[given.step](Path(given.folder), given.rows)))
        return 0
    print("|", " | ".join(HEAD), "|")
    print("|", " | ".join("---" for _ in HEAD), "|", flush=True)
    for rows, steps_of_job in ((given.rows, ("gather", "watch")), (given.packs, ("make", "take"))):
        with tempfile.TemporaryDirectory() as folder:
            for step in steps_of_job if rows else ():
                for told in _step(step, folder, rows):
                    print(_row(told), flush=True)
    return 0


def _step(step: str, folder: str, rows: int) -> list[dict[str, Any]]:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench.batches.large_job"),
            *(f"--step={step}", f"--folder={folder}", f"--rows={rows}"),
        ],
        cwd=_ROOT,
        env={**os.environ, "GEMINI_API_KEY": "none"},
        stdout=subprocess.PIPE,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _gather(folder: Path, rows: int) -> list[dict[str, Any]]:
    meter = _meter()
    with meter.step("gather, pictures made among it", rows, 0):
        job = make_job(folder / "parts", rows, picture_bytes=_PICTURE_BYTES)
    meter.rows[-1]["mb"] = job.order.bytes / 1e6
    JobFiles(str(folder / "journal")).write(replace(job, ended=None, name="", sending_at=""))
    _write_results(job, folder / "results.jsonl", vertex=False)
    return meter.rows


def _watch(folder: Path, rows: int) -> list[dict[str, Any]]:
    meter, results = _meter(), folder / "results.jsonl"
    sink = subprocess.Popen(
        [sys.executable, "-m", "bench.batches.sink", str(results)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert sink.stdout
    service = Service(ServiceKind.DEVELOPER, endpoint=sink.stdout.readline().strip())
    journal = JournalFiles(str(folder / "journal"), "run", digits=2)
    jobs = batch_jobs(service)
    watch = Watch(
        jobs=jobs,
        files=JobFiles(journal.folder),
        billing=Billing(service),
        taking=Taking("run", 2),
        write=lambda _: journal.write,
        rules=Rules(),
        tell=lambda *_: None,
    )
    [job] = watch.files.all()
    before = meter.step("upload", rows, job.order.bytes / 1e6)
    after = meter.step("download and take", rows, results.stat().st_size / 1e6)
    before.__enter__()
    look = jobs.look

    def first_look(name: str) -> Any:
        if len(meter.rows) == 0:
            before.__exit__(None, None, None)
            after.__enter__()
        return look(name)

    jobs.look = first_look  # type: ignore[method-assign]
    watch.go()
    after.__exit__(None, None, None)
    [job] = watch.files.all()
    if job.taken is None or job.taken.answered != rows:
        raise SystemExit(f"not all is taken: {job.taken}")
    written = sum(path.stat().st_size for path in (folder / "journal").rglob("*.jsonl"))
    print(f"journal: {written / rows:.0f} bytes a request", file=sys.stderr)
    sink.communicate()
    return meter.rows


def _make(folder: Path, rows: int) -> list[dict[str, Any]]:
    meter = _meter()
    with meter.step("gather packs of 8 without pictures", rows, 0):
        job = make_job(folder / "parts", rows, pack=8, vertex=True)
    meter.rows[-1]["mb"] = job.order.bytes / 1e6
    JobFiles(str(folder / "journal")).write(job)
    _write_results(job, folder / "results.jsonl", vertex=True)
    return meter.rows


def _take(folder: Path, rows: int) -> list[dict[str, Any]]:
    meter, results = _meter(), folder / "results.jsonl"
    [job] = JobFiles(str(folder / "journal")).all()
    journal = JournalFiles(str(folder / "journal"), "run", digits=3)
    with meter.step("take packs of 8", rows, results.stat().st_size / 1e6):
        taken = take(job, results, billing_of(vertex=True), journal.write)
    if taken.answered != rows:
        raise SystemExit(f"not all is taken: {taken}")
    return meter.rows


def _write_results(job: BatchJob, path: Path, *, vertex: bool) -> None:
    with path.open("wb") as stream:
        for row in rows_of(job):
            stream.write(line(row.key, response(row), vertex=vertex))


def _meter() -> Meter:
    """Of a process as large as one that has launched a run."""
    import_module("tierwise.beam_pipeline.launch")
    meter = Meter(resident_mb())
    meter.watch()
    return meter


def resident_mb() -> float:
    """Of this process, just now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1e6


def _row(told: dict[str, Any]) -> str:
    per_s = told["requests"] / max(told["cpu"], 1e-9)
    cells = (told["step"], f"{told['requests']:,}", f"{told['mb']:,.0f}", f"{told['s']:.0f}")
    cells += (f"{told['cpu']:.1f}", f"{per_s:,.0f}", f"{told['peak']:.0f}", f"{told['more']:.0f}")
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
