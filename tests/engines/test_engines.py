"""The example archive on real engines: the local runner's tables, and a bill that agrees.

`make engines` builds what these tests need; what is not there is skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]
PRISM = ROOT / ".engines" / "prism"
FLINK = ROOT / ".engines" / "flink" / "flink-job-server.jar"
PYTHON = sys.executable
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(ROOT),
    "PATH": f"{Path(PYTHON).parent}{os.pathsep}{os.environ['PATH']}",  # worker pools start `python`
}
SECONDS = 400

# What no two runs have in common: times; which requests were packed, and so what each image's share
# of one is; which of two equal pictures was asked first.
VARYING = {"shrink_ms", "latency_ms", "asked_at"}
VARYING |= {"images_in_request", "input_tokens", "image_tokens", "output_tokens", "cost_usd"}
VARYING |= {"reused", "asked_with"}

Row = tuple[tuple[str, str], ...]


def prism() -> list[str]:
    needs(PRISM)
    return ["--runner=PrismRunner", f"--prism_location={PRISM}"]


def worker_processes() -> list[str]:
    """Beam's own job service, and workers in a process of their own."""
    worker = f"{PYTHON} -m apache_beam.runners.worker.sdk_worker_main"
    return [
        *("--runner=PortableRunner", "--job_endpoint=embed"),
        *("--environment_type=beam:env:harness_subprocess_python:v1",),
        f"--environment_config={worker}",
    ]


def flink(port: int) -> list[str]:
    """A cluster of this test with two slots, and two worker processes from a pool."""
    return [
        *("--runner=FlinkRunner", f"--flink_job_server_jar={FLINK}", "--parallelism=2"),
        *("--environment_type=EXTERNAL", f"--environment_config=localhost:{port}"),
        *("--sdk_worker_parallelism=2", "--environment_cache_millis=600000"),
    ]


def needs(engine: Path) -> None:
    if not engine.is_file():
        pytest.skip(f"{engine.relative_to(ROOT)} is absent: `make engines` builds it")


def run(output: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """The command over the example archive, in a process of its own."""
    examples = [f"--input={ROOT}/examples/manifest.csv", f"--tasks={ROOT}/examples/tasks.yaml"]
    command = [PYTHON, "-m", "beam_pipeline", "run", *examples, f"--output={output}", *flags]
    return subprocess.run(
        command, env=ENVIRONMENT, capture_output=True, text=True, timeout=SECONDS, check=False
    )


class Ran:
    """A run that came to its end, and the tables it left."""

    def __init__(self, output: Path, *flags: str) -> None:
        done = run(output, *flags)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr  # else an engine may have been left behind
        self.output = output
        self.run: dict[str, Any] = json.loads((output / "run.json").read_text("utf-8"))

    def table(self, name: str) -> list[dict[str, Any]]:
        return [
            {"task": path.parent.name.removeprefix("task="), **row}
            for path in sorted(self.output.glob(f"{name}/**/*.parquet"))
            for row in pq.ParquetFile(path).read().to_pylist()
        ]

    def rows(self, name: str) -> Counter[Row]:
        """The rows of a table, without what differs from run to run."""
        return Counter(
            tuple((key, repr(value)) for key, value in row.items() if key not in VARYING)
            for row in self.table(name)
        )

    @property
    def reused(self) -> Counter[str]:
        return Counter(row["task"] for row in self.table("answers") if row["reused"])

    @property
    def paid(self) -> Decimal:
        tables = self.table("answers") + self.table("failures")
        return sum((row["cost_usd"] for row in tables), Decimal(0))


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return Ran(tmp_path_factory.mktemp("local") / "out")


@contextmanager
def worker_pool(folder: Path) -> Iterator[int]:
    """A pool that starts a process for each worker an engine asks for; gives its port."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port: int = free.getsockname()[1]
    with (folder / "pool.log").open("w") as log:
        command = [PYTHON, "-m", "apache_beam.runners.worker.worker_pool_main"]
        pool = subprocess.Popen(
            [*command, f"--service_port={port}"], env=ENVIRONMENT, stdout=log, stderr=log
        )
        try:
            wait_for(lambda: accepts(port))
            yield port
        finally:
            pool.terminate()
            pool.wait(30)


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("localhost", port)) == 0


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def check_equal(ran: Ran, local: Ran) -> None:
    for table in ("answers", "failures"):
        rows = ran.rows(table)
        assert rows == local.rows(table)
        assert rows
    assert ran.reused == local.reused
    assert ran.run["status"] == local.run["status"] == "done"
    assert ran.paid == Decimal(ran.run["totals"]["cost_usd"])
    assert ran.paid == Decimal(ran.run["emulator_bill"]["total_usd"]) > 0


@pytest.mark.timeout(2 * SECONDS)
def test_prism_makes_the_same_tables(local: Ran, tmp_path: Path) -> None:
    check_equal(Ran(tmp_path / "out", *prism()), local)


@pytest.mark.timeout(2 * SECONDS)
def test_what_a_worker_refuses_is_said_once(tmp_path: Path) -> None:
    """Beam hands errors of workers on as text, and prints their tracebacks itself."""
    folder = tmp_path / "out" / "journal" / "0"
    folder.mkdir(parents=True)
    (folder / "20260101T000000-00000000-000000000000.1.jsonl").write_text('{"version":99}\n')
    done = run(tmp_path / "out", *prism())
    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines() if line.startswith("tierwise: ")]
    assert len(said) == 1
    assert "journal format 99 is newer than this program knows" in said[0]
    assert "Exception in thread" not in done.stderr


@pytest.mark.timeout(2 * SECONDS)
def test_worker_processes_make_the_same_tables(local: Ran, tmp_path: Path) -> None:
    check_equal(Ran(tmp_path / "out", *worker_processes()), local)


@pytest.mark.timeout(2 * SECONDS)
def test_flink_makes_the_same_tables(local: Ran, tmp_path: Path) -> None:
    """Parallelism 2, so that nothing rests on one worker seeing everything."""
    needs(FLINK)
    if shutil.which("java") is None:
        pytest.skip("Flink needs Java")
    with worker_pool(tmp_path) as port:
        check_equal(Ran(tmp_path / "out", *flink(port)), local)
    log = (tmp_path / "pool.log").read_text("utf-8")
    assert log.count("Starting worker with command") == 2
