"""What writing the journal takes of a run's throughput: `python -m bench.journal.share`.

Each round asks the same pictures with the journal, and with one that writes nowhere, the order
changing. The stub answers after 20 ms, so that nothing but the job itself is slow; a service that
takes its time hides the journal behind it.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from bench.asking.measuring import Spent, measure, serving
from bench.asking.stub import Behaviour
from bench.journal.pictures import make_tiny_pictures

_ROOT = Path(__file__).parents[2]
_WAYS = {"written": "bench.asking.ways.ours", "unwritten": "bench.journal.unwritten"}


def main() -> None:
    """Print a row per round, then medians; the time to start is taken off both ways."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--in_flight", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    print("round | images/s written | unwritten | wall ratio | CPU ratio")
    wall, cpu = list[float](), list[float]()
    with tempfile.TemporaryDirectory() as folder:
        for count in (1, given.images):
            make_tiny_pictures(Path(folder) / str(count), count)
        for number in range(given.rounds):
            ways = sorted(_WAYS, reverse=bool(number % 2))
            start = {way: _run(way, Path(folder), 1, given.in_flight) for way in ways}
            whole = {way: _run(way, Path(folder), given.images, given.in_flight) for way in ways}
            walls = {way: whole[way].wall_s - start[way].wall_s for way in ways}
            cpus = {way: whole[way].cpu_s - start[way].cpu_s for way in ways}
            wall.append(walls["written"] / walls["unwritten"])
            cpu.append(cpus["written"] / cpus["unwritten"])
            rates = " | ".join(f"{given.images / walls[way]:.0f}" for way in _WAYS)
            print(f"{number + 1} | {rates} | {wall[-1]:.3f} | {cpu[-1]:.3f}", flush=True)
    for name, ratios in (("wall", wall), ("CPU", cpu)):
        print(f"{name}: {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")


def _run(way: str, folder: Path, images: int, in_flight: int) -> Spent:
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    with serving(Behaviour(mean_ms=20.0)) as url:
        command = [
            *(sys.executable, "-m", _WAYS[way]),
            *(f"--pictures={folder / str(images)}", f"--out={out}", f"--url={url}"),
            *(f"--in_flight={in_flight}", "--pack=1", "--timeout_s=60"),
        ]
        spent = measure(command, environment={"PYTHONPATH": str(_ROOT)}, timeout_s=600)
    if spent.status:
        raise SystemExit(spent.output[-1500:])
    return spent


if __name__ == "__main__":
    main()
