"""Real local runs, measured from outside: what the simulator is held against."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
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
class Way:
    """How a run is started: so many threads bring shards; under a cap or not; by a manifest."""

    threads: int = 1
    cap: bool = False
    manifest: bool = False

    def flags(self) -> list[str]:
        """Those of the command."""
        found = ["--max_cost_usd=1000"] if self.cap else []
        if self.threads > 1:
            found += ["--direct_running_mode=multi_threading"]
            found += [f"--direct_num_workers={self.threads}"]
        return found


WAYS = {
    "a folder": Way(),
    "a manifest": Way(manifest=True),
    "a cap": Way(cap=True),
    "12 threads": Way(threads=12),
    "12 threads, a cap": Way(threads=12, cap=True),
}


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of so many images came to. `load` is the machine's, before it began."""

    way: str
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


def command(
    pictures: Path, out: Path, url: str, *, in_flight: int, pack: int, image: str = ""
) -> list[str]:
    """`tierwise run` with one task, whose tasks file comes beside the output."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "tasks.yaml").write_text(
        "model: gemini-3.1-flash-lite\ntasks:\n  category:\n"
        "    prompt: Which category fits this picture best?\n"
        "    labels: [landscape, city, animal, people, abstract, document]\n"
        f"    media_resolution: low\n    images_per_request: {pack}\n{image}"
    )
    return [
        *(sys.executable, "-m", "tierwise", "run", f"--input={pictures}"),
        *(f"--tasks={out}/tasks.yaml", f"--output={out}", f"--gemini_endpoint={url}"),
        f"--requests_in_flight={in_flight}",
        "--check_packs=0",  # the stub answers no checks
    ]


def run(way: str, images: int, folder: Path) -> Run:
    """Make the pictures, run over them from nothing, and look at what it left.

    Raises:
        RuntimeError: the run failed.
    """
    pictures, out = folder / f"tiny-{images}", folder / f"out-{images}"
    make_tiny_pictures(pictures, images)
    shutil.rmtree(out, ignore_errors=True)
    load = os.getloadavg()[0]
    found = write_manifest(pictures) if WAYS[way].manifest else pictures
    with serving(Behaviour(mean_ms=LATENCY_MS)) as url:
        words = command(found, out, url, in_flight=IN_FLIGHT, pack=PACK)
        spent = measured([*words, *WAYS[way].flags()])
        requests = int(counts(url)["requests"])
    journal = list((out / "journal").glob("[0-9a-f]*/*.jsonl"))
    parts = list(out.glob("answers/*/*.parquet"))
    return Run(
        way=way,
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


def measured(words: Sequence[str]) -> Any:
    """What a command takes.

    Raises:
        RuntimeError: it failed.
    """
    spent = measure(words, environment={"PYTHONPATH": str(ROOT)}, timeout_s=3600)
    if spent.status:
        raise RuntimeError(spent.output[-1500:])
    return spent


def write_manifest(pictures: Path) -> Path:
    """A manifest of all pictures, with what each was called before."""
    path = pictures.parent / f"{pictures.name}.csv"
    with path.open("w", encoding="utf-8") as lines:
        lines.write("uri,old_category\n")
        for number, picture in enumerate(sorted(pictures.glob("*/*.jpg"))):
            lines.write(f"{picture},{('city', 'sea', 'animal')[number % 3]}\n")
    return path
