"""Peak memory of each process of a run against its images: `python -m bench.scale.memory`.

A run over tiny pictures, all different, on the local runner or on Flink with two worker processes;
proportional set sizes are taken every two seconds, those of the launcher, of each worker and of
Java apart. At the end the account is held against what the stub has answered. `--curve` keeps every
sample as a line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from bench.asking.measuring import counts, serving
from bench.asking.stub import Behaviour
from bench.journal.pictures import make_tiny_pictures
from bench.scale.runs import IN_FLIGHT, LATENCY_MS, PACK, ROOT, command

_FLINK = ROOT / ".engines" / "flink" / "flink-job-server.jar"
_LOOK_S = 2.0
_WORKERS = 2


@dataclass(frozen=True, slots=True)
class Sample:
    """Megabytes at one moment; `workers` one by one, `launcher` with what shrinks for it."""

    seconds: float
    answered: int
    launcher: float
    workers: tuple[float, ...]
    java: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A run: what it asked, what it left, and its memory at the worst moment of each process."""

    engine: str
    images: int
    rows: int
    requests: int
    requests_billed: int
    images_billed: int
    paid_twice: int
    wall_s: float
    load: float
    launcher_mb: float
    worker_mb: float
    java_mb: float


def run(engine: str, images: int, folder: Path, curve: Path | None) -> Measured:
    """Make the pictures, run over them from nothing, and look at its processes.

    Raises:
        RuntimeError: the run failed.
    """
    pictures, out = folder / f"tiny-{images}", folder / f"out-{engine}-{images}"
    make_tiny_pictures(pictures, images)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    load, began = os.getloadavg()[0], time.monotonic()
    with serving(Behaviour(mean_ms=LATENCY_MS)) as url, worker_pool(engine, out) as (pool, more):
        words = command(pictures, out, url, in_flight=IN_FLIGHT, pack=PACK)
        with (out / "said.txt").open("w") as said:
            process = subprocess.Popen([*words, *more], env=environment(), stdout=said, stderr=said)
            samples = list(_samples(process, pool, url, curve))
        wall_s, seen = time.monotonic() - began, counts(url)
    if process.returncode:
        raise RuntimeError((out / "said.txt").read_text("utf-8")[-1500:])
    told = json.loads((out / "run.json").read_text("utf-8"))
    parts = out.glob("answers/*/*.parquet")
    return Measured(
        engine=engine,
        images=images,
        rows=sum(pq.read_metadata(part).num_rows for part in parts),
        requests=told["totals"]["requests"],
        requests_billed=seen["statuses"].get("200", 0),
        images_billed=seen["images_paid"],
        paid_twice=seen["paid_again"],
        wall_s=round(wall_s),
        load=round(load, 1),
        launcher_mb=round(max(one.launcher for one in samples)),
        worker_mb=round(max((max(one.workers, default=0) for one in samples), default=0)),
        java_mb=round(max(one.java for one in samples)),
    )


def environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PYTHONPATH": str(ROOT), "PATH": path}


@contextmanager
def worker_pool(engine: str, out: Path) -> Iterator[tuple[int, list[str]]]:
    """The process that starts workers, 0 for none, and the flags of the engine."""
    if engine == "local":
        yield 0, []
        return
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port: int = free.getsockname()[1]
    module = "apache_beam.runners.worker.worker_pool_main"
    with (out / "pool.txt").open("w") as said:
        words = [sys.executable, "-m", module, f"--service_port={port}"]
        pool = subprocess.Popen(words, env=environment(), stdout=said, stderr=said)
        try:
            while not _accepts(port):
                time.sleep(0.2)
            yield (
                pool.pid,
                [
                    *("--runner=FlinkRunner", f"--flink_job_server_jar={_FLINK}"),
                    *(f"--parallelism={_WORKERS}", "--environment_type=EXTERNAL"),
                    *(f"--environment_config=localhost:{port}",),
                    *(f"--sdk_worker_parallelism={_WORKERS}", "--environment_cache_millis=6000000"),
                ],
            )
        finally:
            pool.terminate()
            pool.wait(60)


def _accepts(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("localhost", port)) == 0


def _samples(
    process: subprocess.Popen[bytes], pool: int, url: str, curve: Path | None
) -> Iterator[Sample]:
    began = time.monotonic()
    while process.poll() is None:
        sizes = list(sizes_mb(process.pid))
        sample = Sample(
            seconds=round(time.monotonic() - began, 1),
            answered=counts(url)["images_paid"],
            launcher=sum(size for name, size in sizes if name != "java"),
            workers=tuple(size for name, size in sizes_mb(pool) if "SdkHarness" in name),
            java=sum(size for name, size in sizes if name == "java"),
        )
        if curve:
            with curve.open("a") as lines:
                lines.write(json.dumps(asdict(sample)) + "\n")
        yield sample
        time.sleep(_LOOK_S)


def sizes_mb(root: int) -> Iterator[tuple[str, float]]:
    """What each process of a tree is, and its proportional set size."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(folder.name))
    waiting = [root] if root else []
    while waiting:
        one = waiting.pop()
        waiting += children.get(one, [])
        with suppress(OSError, StopIteration):
            words = Path(f"/proc/{one}/cmdline").read_bytes().decode().split("\0")
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            kilobytes = next(line for line in lines if line.startswith("Pss:")).split()[1]
            name = "java" if words[0].endswith("java") else " ".join(words[:4])
            yield name, int(kilobytes) * 1024 / 1e6


def row(found: Measured) -> list[Any]:
    """A row of the table."""
    if found.rows != found.images or found.requests != found.requests_billed or found.paid_twice:
        raise RuntimeError(f"lost, or paid and not told: {found}")
    return [
        *(f"{found.images:,}", found.engine, f"{found.launcher_mb:,.0f}"),
        f"{found.worker_mb:,.0f}" if found.worker_mb else "",
        f"{found.java_mb:,.0f}" if found.java_mb else "",
        *(f"{found.requests:,}", f"{found.wall_s:,.0f}", found.load),
    ]


def main() -> None:
    """Print a row per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=["local", "flink"], default="local")
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "scale_bench")
    parser.add_argument("--curve", type=Path)
    given = parser.parse_args()
    print("| images | engine | launcher, MB | worker, MB | Java, MB | requests | s | load |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for size in map(int, given.sizes.split(",")):
        found = run(given.engine, size, given.folder, given.curve)
        print("| " + " | ".join(map(str, row(found))) + " |", flush=True)


if __name__ == "__main__":
    main()
