"""Real local runs over tiny pictures, measured from outside: what the simulator is held against."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from bench.asking.measuring import counts, measure, serving
from bench.asking.stub import Behaviour
from bench.journal.pictures import make_tiny_pictures

ROOT = Path(__file__).parents[2]
IN_FLIGHT, PACK, LATENCY_MS = 64, 4, 20.0


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of so many images came to. `load` is the machine's, before it began."""

    images: int
    requests: int
    answers: int
    shards: int
    journal_objects: int
    journal_bytes: int
    part_objects: int
    cpu_s: float
    wall_s: float
    pss_mb: float
    load: float

    def row(self) -> dict[str, Any]:
        """As a row of JSON."""
        return asdict(self)


def run(images: int, folder: Path) -> Run:
    """Make the pictures, run over them from nothing, and look at what it left.

    Raises:
        RuntimeError: the run failed.
    """
    pictures, out = folder / f"tiny-{images}", folder / f"out-{images}"
    make_tiny_pictures(pictures, images)
    shutil.rmtree(out, ignore_errors=True)
    load = os.getloadavg()[0]
    with serving(Behaviour(mean_ms=LATENCY_MS)) as url:
        command = [
            *(sys.executable, "-m", "bench.asking.ways.ours"),
            *(f"--pictures={pictures}", f"--out={out}", f"--url={url}"),
            *(f"--in_flight={IN_FLIGHT}", f"--pack={PACK}", "--timeout_s=120"),
        ]
        spent = measure(command, environment={"PYTHONPATH": str(ROOT)}, timeout_s=3600)
        requests = int(counts(url)["requests"])
    if spent.status:
        raise RuntimeError(spent.output[-1500:])
    journal = list((out / "journal").glob("[0-9a-f]*/*.jsonl"))
    parts = list(out.glob("answers/*/*.parquet"))
    return Run(
        images=images,
        requests=requests,
        answers=sum(pq.read_metadata(part).num_rows for part in parts),
        shards=len({path.parent for path in journal}),
        journal_objects=len(journal),
        journal_bytes=sum(path.stat().st_size for path in journal),
        part_objects=len(parts),
        cpu_s=round(spent.cpu_s, 1),
        wall_s=round(spent.wall_s, 1),
        pss_mb=round(spent.pss_mb),
        load=round(load, 1),
    )
