"""How small files come to their places: `python -m bench.optimize.places`.

Tiny pictures (16 x 16 px, all different). With `--bucket`, requests per picture of a bucket that
gets the small files, of a first run, of the same once more, and of one over half of the pictures;
else a first run on a disk: wall, memory, and the seconds after the last small file was written.
`--code` measures another clone's code.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.asking.measuring import Spent, measure
from bench.journal.pictures import make_tiny_pictures
from bench.storage.compare import storing

_ROOT = Path(__file__).parents[2]
_KINDS = ("list", "stat", "read", "write", "copy", "delete")
_TIMEOUT_S = 7200.0


def optimize(pictures: Path, output: str, code: Path, store: str = "") -> Spent:
    """The command, as a clone has it.

    Raises:
        SystemExit: it failed.
    """
    flags = [f"--input={pictures}", f"--output={output}"]
    environment = {"PYTHONPATH": str(code)} | ({"STORAGE_EMULATOR_HOST": store} if store else {})
    command = [sys.executable, "-P", "-m", "beam_pipeline", "optimize", *flags]
    spent = measure(command, environment=environment, timeout_s=_TIMEOUT_S)
    if spent.status:
        raise SystemExit(spent.output[-2000:])
    return spent


def on_disk(folder: Path, count: int, code: Path, runs: Sequence[str]) -> None:
    """Print a row per run: seconds of wall and CPU, MB, seconds until and after the last file."""
    pictures, half, out = folder / f"tiny-{count}", folder / f"half-{count}", folder / "small"
    make_tiny_pictures(pictures, count)
    if "half" in runs:
        make_tiny_pictures(half, count // 2)
    shutil.rmtree(out, ignore_errors=True)
    load = os.getloadavg()[0]
    for name in runs:
        began = _now(folder)
        some = half if name == "half" else pictures
        spent = optimize(some, str(out), code)
        ended = _now(folder)
        written = [path.stat().st_mtime for path in out.rglob("*.jpg")]
        print(
            f"| {name} | {len(written):,} | {spent.wall_s:.1f} | {spent.cpu_s:.1f} | "
            f"{spent.pss_mb:.0f} | {max(written) - began:.1f} | "
            f"{ended - max(written):.1f} | {load:.1f} |",
            flush=True,
        )


def _now(folder: Path) -> float:
    """The time as the disk has it."""
    mark = folder / "mark"
    mark.touch()
    return mark.stat().st_mtime


def in_bucket(folder: Path, count: int, code: Path, runs: Sequence[str]) -> None:
    """Print a row per run."""
    pictures = folder / f"tiny-{count}"
    make_tiny_pictures(pictures, count)
    half = folder / f"half-{count}"
    make_tiny_pictures(half, count // 2)
    with storing(0) as store:
        for name in runs:
            store.asked()
            some = half if name == "half" else pictures
            optimize(some, "gs://results/small", code, store.url)
            asked = store.asked()
            shares = " | ".join(f"{asked.get(kind, 0) / count:.4f}" for kind in _KINDS)
            print(f"| {name} | {count:,} | {shares} |", flush=True)


def main() -> None:
    """Print a row per run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--bucket", action="store_true")
    parser.add_argument("--code", type=Path, default=_ROOT)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--runs", default="first,again,half")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        way = in_bucket if given.bucket else on_disk
        folder, code = given.folder or Path(scratch), given.code.resolve()
        way(folder, given.pictures, code, given.runs.split(","))


if __name__ == "__main__":
    main()
