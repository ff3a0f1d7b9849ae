"""Holds the simulator against real local runs: `python -m bench.scale.check`.

Runs of 500 and 5,000 tiny pictures give what depends on the machine (seconds, memory of a process
that does nothing yet, time to write an object); the other sizes are foretold from them, run, and
compared. `--runs` reads runs measured earlier from lines of JSON, and measures only what it lacks.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from pathlib import Path

from bench.scale import figures as known
from bench.scale.objects import objects_per_request
from bench.scale.runs import IN_FLIGHT, LATENCY_MS, PACK, Run, run
from tierwise.journal.journal_files import shard_digits

_CALIBRATION = (500, 5000)
_ROWS_PER_PART = 20_000
# Rows that wait for their file, as Arrow holds them.
_ROW_MB = 0.5e-3
_WRITES_S = [0.001 * step for step in range(1, 400)]


def foretell(images: int, small: Run, large: Run) -> dict[str, float]:
    """What a run of so many pictures should come to, from two others."""
    more = (images - small.images) / (large.images - small.images)
    write_s = min(
        _WRITES_S,
        key=lambda w: abs(_objects(large.images, small, large, w) - large.journal_objects),
    )
    return {
        "requests": math.ceil(images / PACK),
        "shards": 16 ** shard_digits(images),
        "journal_objects": _objects(images, small, large, write_s),
        "journal_bytes": images * large.journal_bytes / large.images,
        "part_objects": math.ceil(images / _ROWS_PER_PART),
        "cpu_s": small.cpu_s + more * (large.cpu_s - small.cpu_s),
        "wall_s": small.wall_s + more * (large.wall_s - small.wall_s),
        "pss_mb": large.pss_mb + _held_mb(images) - _held_mb(large.images),
    }


def _objects(images: int, small: Run, large: Run, write_s: float) -> float:
    """Replies come as fast as a run goes, never faster than slots and latency allow."""
    per_image = (large.wall_s - small.wall_s) / (large.images - small.images)
    per_shard = images / 16 ** shard_digits(images)
    share = objects_per_request(
        replies_per_s=min(1 / per_image / PACK, IN_FLIGHT * 1000 / LATENCY_MS),
        write_s=write_s,
        shards_under_way=1 + IN_FLIGHT * PACK / per_shard,
        shards_per_request=1 + (PACK - 1) / per_shard,
    )
    return math.ceil(images / PACK) * share


def _held_mb(images: int) -> float:
    """What the local runner holds of all shuffles, and rows that wait for their file."""
    shuffled = known.NAMES_SHUFFLED.value + known.ANSWER_SHUFFLED.value
    return images * shuffled / 1e6 + min(images, _ROWS_PER_PART) * _ROW_MB


def _measured(size: int, earlier: dict[int, Run], folder: Path) -> Run:
    return earlier[size] if size in earlier else run(size, folder)


def main() -> None:
    """Print a row per figure and size: foretold, measured, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "scale_bench")
    parser.add_argument("--runs", type=Path)
    given = parser.parse_args()
    lines = given.runs.read_text("utf-8").splitlines() if given.runs else []
    earlier = {one.images: one for one in (Run(**json.loads(line)) for line in lines)}
    small, large = (_measured(size, earlier, given.folder) for size in _CALIBRATION)
    print("| images | figure | foretold | measured | foretold / measured |")
    print("|---|---|---|---|---|", flush=True)
    for size in map(int, given.sizes.split(",")):
        found = _measured(size, earlier, given.folder)
        for name, value in foretell(size, small, large).items():
            seen = found.row()[name]
            print(
                f"| {size:,} | {name} | {value:,.0f} | {seen:,.0f} | {value / seen:.2f} |",
                flush=True,
            )
        print(f"| {size:,} | load | | {found.load} | |", flush=True)


if __name__ == "__main__":
    main()
