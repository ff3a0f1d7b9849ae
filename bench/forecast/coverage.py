"""How often the truth lies in a forecast's 80 % interval: `python -m bench.forecast.coverage`.

Every tasks file of a folder is put to every archive: once to `plan`, once to `run` with the
emulator. Archives are random parts of the real pictures beside the repository, or of `--data`;
another `--seed` draws others.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tierwise.beam_pipeline.__main__ import main as tierwise

_HERE = Path(__file__).parent
_DATA = _HERE.parents[2] / "shared" / "data"
# A part of the pictures, how many are drawn, and of how many of those the headers are read.
_ARCHIVES = (
    ("archive", 60, 400),
    ("archive", 80, 20),
    ("labelled", 60, 15),
    ("hostile", 50, 400),
    ("archive/zzzDavid+ICDAR-2019-SROIE", 25, 400),
    ("archive/thumbor+thumbor", 20, 400),
    ("", 90, 30),
)


@dataclass(frozen=True, slots=True)
class Held:
    """A forecast beside the truth, in dollars; `what` is a task, empty for the whole run."""

    archive: str
    tasks: str
    what: str
    low: Decimal
    middle: Decimal
    high: Decimal
    truth: Decimal

    @property
    def within(self) -> bool:
        """Whether the truth lies in the interval."""
        return self.low <= self.truth <= self.high


def main() -> None:
    """Print a line per pair, and how many held."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=Path, default=_HERE / "tasks" / "held_out")
    parser.add_argument("--data", type=Path, default=_DATA)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    held: list[Held] = []
    with tempfile.TemporaryDirectory() as folder:
        archives = list(_archives(given.data, Path(folder), random.Random(given.seed)))
        for tasks in sorted(given.tasks.glob("*.yaml")):
            for name, manifest, sample in archives:
                found = list(_held(name, manifest, sample, tasks, Path(folder)))
                print(*map(_line, found), sep="\n", flush=True)
                held += found
    for what, some in (
        ("runs", [one for one in held if not one.what]),
        ("tasks", [one for one in held if one.what]),
    ):
        below = sum(one.truth < one.low for one in some)
        above = sum(one.truth > one.high for one in some)
        within = len(some) - below - above
        print(f"{what}: {within} of {len(some)} within, {below} below, {above} above")


def _archives(data: Path, folder: Path, rng: random.Random) -> Iterator[tuple[str, Path, int]]:
    for number, (part, size, sample) in enumerate(_ARCHIVES):
        pictures = sorted(
            path
            for path in (data / part).rglob("*")
            if path.is_file() and path.suffix not in (".csv", ".tsv", ".json", ".md", ".txt")
        )
        manifest = folder / f"{number}.csv"
        with manifest.open("w", encoding="utf-8", newline="") as lines:
            rows = csv.writer(lines)
            rows.writerow(["uri"])
            rows.writerows([path] for path in rng.sample(pictures, min(size, len(pictures))))
        yield f"{part or 'all'} {size}/{sample}", manifest, sample


def _held(name: str, manifest: Path, sample: int, tasks: Path, folder: Path) -> Iterator[Held]:
    words = [f"--input={manifest}", f"--tasks={tasks}"]
    forecast = json.loads(_printed(["plan", *words, f"--sample={sample}", "--json"]))
    output = folder / f"{manifest.stem}-{tasks.stem}"
    _printed(["run", *words, f"--output={output}"])
    run = json.loads((output / "run.json").read_text("utf-8"))
    yield _compared(name, tasks.stem, "", forecast, run["totals"])
    for task, expected in forecast["tasks"].items():
        # What a run says of a task holds its second asks too, a forecast tells them apart.
        if f"{task}@escalated" not in forecast["tasks"] and task in run["tasks"]:
            yield _compared(name, tasks.stem, task, expected, run["tasks"][task])


def _compared(archive: str, tasks: str, what: str, forecast: Any, truth: Any) -> Held:
    low, middle, high = (Decimal(forecast[key]) for key in ("low_usd", "cost_usd", "high_usd"))
    return Held(archive, tasks, what, low, middle, high, Decimal(truth["cost_usd"]))


def _printed(words: list[str]) -> str:
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()) as err:
        status = tierwise(words)
    if status not in (0, 3):
        raise SystemExit(f"tierwise {' '.join(words)}: {status}\n{err.getvalue()}")
    return out.getvalue()


def _line(one: Held) -> str:
    return (
        f"{'' if one.within else 'BEYOND ':7}{one.tasks:9} {one.what or 'in all':12} "
        f"{one.archive:45} {one.low:.6f} {one.middle:.6f} {one.high:.6f} truth {one.truth:.6f}"
    )


if __name__ == "__main__":
    main()
