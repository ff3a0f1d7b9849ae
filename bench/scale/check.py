"""Holds the simulator against real local runs: `python -m bench.scale.check`.

Runs of 500 and 5,000 tiny pictures give what depends on the machine (seconds, memory of a process
that does nothing yet, time to write an object); the other sizes are foretold from them, run, and
compared: over a folder and by a manifest, with twelve threads, under a cap. `--runs` keeps runs as
lines of JSON, and only those are measured that it lacks.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from pathlib import Path

from bench.scale import figures as known
from bench.scale.model import Asking, Cluster, local_mb
from bench.scale.objects import objects_per_request
from bench.scale.runs import IN_FLIGHT, LATENCY_MS, PACK, WAYS, Run, Way, run
from tierwise.journal.journal_files import capped_digits, shard_digits

_CALIBRATION = (500, 5000)
_ROWS_PER_PART = 20_000
# A picture of 700 bytes, its request, and whatever else an image that is under way takes.
_TINY_MB = 0.02
# A column of the manifest with a word in it, in three shuffles.
_COLUMN_MB = 1e-4
_WRITES_S = [0.001 * step for step in range(1, 400)]


def foretell(way: Way, images: int, small: Run, large: Run) -> dict[str, float]:
    """What a run of so many pictures should come to, from two others over folders.

    Seconds are foretold where nothing but the pictures is different: one thread and no cap.
    """
    more = (images - small.images) / (large.images - small.images)
    write_s = min(
        _WRITES_S,
        key=lambda w: abs(_objects(Way(), large.images, small, large, w) - large.journal_objects),
    )
    # A process gets larger until its shards and the files of its tables are as large as ever.
    some = min(images, _ROWS_PER_PART)
    part = (some - small.images) / (large.images - small.images)
    begun = small.pss_mb + part * (large.pss_mb - small.pss_mb)
    found = {
        "requests": _requests(way, images),
        "shards": 16 ** max(1, _digits(way, images)),
        "journal_bytes": images * large.journal_bytes / large.images,
        "part_objects": max(math.ceil(images / _ROWS_PER_PART), min(way.threads, images)),
        "cpu_s": small.cpu_s
        + more * (large.cpu_s - small.cpu_s)
        + (way.threads - 1) * known.THREAD_CPU.value,
        "pss_mb": begun + _mb(way, images) - _mb(Way(), some),
    }
    if way.threads == 1 and not way.cap:
        found["journal_objects"] = _objects(way, images, small, large, write_s)
        found["wall_s"] = small.wall_s + more * (large.wall_s - small.wall_s)
    return found


def _digits(way: Way, images: int) -> int:
    return capped_digits(images) if way.cap else shard_digits(images)


def _requests(way: Way, images: int) -> int:
    """Packs are full but the last of each bundle, or under a cap of each shard."""
    ends = 16 ** _digits(way, images) if way.cap else way.threads
    return math.ceil(images / PACK + (ends - 1) * (PACK - 1) / (2 * PACK))


def _objects(way: Way, images: int, small: Run, large: Run, write_s: float) -> float:
    """Replies come as fast as a run goes, never faster than slots and latency allow."""
    per_image = (large.wall_s - small.wall_s) / (large.images - small.images)
    per_shard = images / 16 ** _digits(way, images)
    share = objects_per_request(
        replies_per_s=min(1 / per_image / PACK, IN_FLIGHT * 1000 / LATENCY_MS),
        write_s=write_s,
        shards_under_way=1 + IN_FLIGHT * PACK / per_shard,
        shards_per_request=1 + (PACK - 1) / per_shard,
    )
    return math.ceil(images / PACK) * share


def _mb(way: Way, images: int) -> float:
    asking = Asking(images_per_request=PACK, cap=way.cap, slot_mb=_TINY_MB)
    cluster = Cluster(1, threads=way.threads, requests_in_flight=IN_FLIGHT)
    columns = images * _COLUMN_MB if way.manifest else 0
    return local_mb(images, asking, cluster) + columns


def main() -> None:
    """Print a row per figure, way and size: foretold, measured, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--ways", default=",".join(WAYS).replace(", ", "; "))
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "scale_bench")
    parser.add_argument("--runs", type=Path)
    given = parser.parse_args()
    earlier: dict[tuple[str, int], Run] = {}
    if given.runs and given.runs.exists():
        for line in given.runs.read_text("utf-8").splitlines():
            one = Run(**json.loads(line))
            earlier[one.way, one.images] = one

    def measured(way: str, size: int) -> Run:
        if (way, size) not in earlier:
            earlier[way, size] = run(way, size, given.folder)
            if given.runs:
                with given.runs.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(earlier[way, size].row()) + "\n")
        return earlier[way, size]

    small, large = (measured("a folder", size) for size in _CALIBRATION)
    print("| way | images | figure | foretold | measured | foretold / measured |")
    print("|---|---|---|---|---|---|", flush=True)
    ways = [way.strip().replace("; ", ", ") for way in given.ways.split(",")]
    for way in ways:
        for size in map(int, given.sizes.split(",")):
            found = measured(way, size)
            for name, value in foretell(WAYS[way], size, small, large).items():
                seen = found.row()[name]
                ratio = f"{value / seen:.2f}"
                print(f"| {way} | {size:,} | {name} | {value:,.0f} | {seen:,.0f} | {ratio} |")
            print(f"| {way} | {size:,} | load | | {found.load} | |", flush=True)


if __name__ == "__main__":
    main()
