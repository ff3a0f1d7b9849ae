"""Memory per image, and what resuming costs: `python -m bench.journal.memory`.

For each size of archive: a run that asks everything, then the same command again, which asks
nothing. The stub answers at once, so that times are the job's own.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from bench.asking.measuring import Spent, counts, measure, serving
from bench.asking.stub import Behaviour
from bench.journal.pictures import make_tiny_pictures

_ROOT = Path(__file__).parents[2]
_IN_FLIGHT = 64
HEAD = "images | run | requests | wall s | CPU ms per image | peak PSS MB | KB per image more"


def main() -> None:
    """Print a row per run; the last column compares with the smallest archive."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--folder", default=str(Path(tempfile.gettempdir()) / "journal_bench"))
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    print("|", HEAD, "|")
    print("|", " | ".join("---" for _ in HEAD.split("|")), "|", flush=True)
    smallest: dict[str, Spent] = {}
    for size in sizes:
        pictures = Path(given.folder) / f"tiny-{size}"
        make_tiny_pictures(pictures, size)
        out = Path(given.folder) / f"out-{size}"
        shutil.rmtree(out, ignore_errors=True)
        for name in ("first", "resumed"):
            spent, requests = _run(pictures, out)
            first = smallest.setdefault(name, spent)
            more = (spent.pss_mb - first.pss_mb) * 1000 / max(1, size - sizes[0])
            cells = [
                str(size),
                name,
                str(requests),
                f"{spent.wall_s:.1f}",
                f"{spent.cpu_s * 1000 / size:.2f}",
                f"{spent.pss_mb:.0f}",
                f"{more:.2f}",
            ]
            print("|", " | ".join(cells), "|", flush=True)
        _print_journal(out, size)


def _run(pictures: Path, out: Path) -> tuple[Spent, int]:
    with serving(Behaviour(mean_ms=20.0)) as url:
        command = [
            *(sys.executable, "-m", "bench.asking.ways.ours"),
            *(f"--pictures={pictures}", f"--out={out}", f"--url={url}"),
            *(f"--in_flight={_IN_FLIGHT}", "--pack=1", "--timeout_s=60"),
        ]
        spent = measure(command, environment={"PYTHONPATH": str(_ROOT)}, timeout_s=3600)
        requests = int(counts(url)["requests"])
    if spent.status:
        print(spent.output[-1500:], file=sys.stderr)
    return spent, requests


def _print_journal(out: Path, images: int) -> None:
    sizes = [path.stat().st_size for path in (out / "journal").rglob("*.jsonl")]
    print(
        f"journal of {images}: {sum(sizes) / images:.0f} bytes and "
        f"{len(sizes) / images:.2f} objects per answer",
        file=sys.stderr,
        flush=True,
    )


if __name__ == "__main__":
    main()
