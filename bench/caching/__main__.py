"""What long beginnings of prompts cost with a cache and without, against the emulator's bill.

    python -m bench.caching [IMAGES]

Each way is a run of the command over the same pictures, whose account must be the bill to the
nano-dollar: with a list of 2,000 labels, or with eight labelled pictures, at once and in batch
jobs. Dollars per million images are those of a picture in a request that named a cache, times a
million; what writing and storing the cache cost in this run stands beside, for it does not grow
with the images but with the hours.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
from PIL import Image

_IMAGES = 400
_SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "ri",
    "so",
    "tu",
    "va",
    "we",
    "xi",
    "yo",
    "zu",
]
_SHADES = ["black", "brown", "green", "grey", "orange", "red", "violet", "white"]
# A cache of a job lives as long as the job may, by default two days, which takes some 500 rows.
_BATCH = ("--service_tier=batch", "--batch_deadline=2h")


@dataclass(frozen=True)
class _Way:
    """How a run asks; what its requests begin with, `cached` or not."""

    begins: str
    pack: int
    cache: str
    flags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "-".join((self.begins, str(self.pack), self.cache, *self.flags[:1])).strip("-")


_WAYS = [
    _Way(begins, pack, cache, flags)
    for begins in ("2,000 labels", "8 examples")
    for pack, flags in ((1, ()), (8, ()), (1, _BATCH))
    for cache in ("off", "auto")
]


def main(images: int) -> None:
    """Print a table of all ways."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        _draw(folder / "images", images)
        _draw_examples(folder / "shown")
        print(
            "| begins with | tier | images per request | cache | billed | account | caches |",
            end="",
        )
        print(" plan | USD per million |")
        print("|---|---|---|---|---|---|---|---|---|")
        for way in _WAYS:
            print(_row(folder, way), flush=True)


def _draw(folder: Path, images: int) -> None:
    folder.mkdir()
    rng = random.Random(1)
    for number in range(images):
        shade = (rng.randrange(256), rng.randrange(256), number % 256)
        Image.new("RGB", (400 + number % 7, 300), shade).save(folder / f"{number:05}.jpg")


def _draw_examples(folder: Path) -> None:
    for number, shade in enumerate(_SHADES):
        (folder / shade).mkdir(parents=True)
        Image.new("RGB", (400, 300), (30 * number, 0, 0)).save(folder / shade / "1.jpg")


def _tasks(way: _Way) -> str:
    task = {"images_per_request": way.pack, "media_resolution": "low", "cache": way.cache}
    if way.begins == "2,000 labels":
        task |= {"prompt": "Which kind of product is shown?", "labels": _product_types()}
    else:
        task |= {"prompt": "Which shade is it?", "labels": _SHADES, "examples": "shown"}
    return json.dumps({"model": "gemini-3.1-flash-lite", "tasks": {"kind": task}})


def _product_types() -> list[str]:
    """2,000 names of two words, 20 letters on average, as product types have."""
    rng = random.Random(2)
    labels = dict[str, None]()
    while len(labels) < 2000:
        words = ("".join(rng.choices(_SYLLABLES, k=rng.randint(3, 6))) for _ in range(2))
        labels[" ".join(words)] = None
    return list(labels)


def _row(folder: Path, way: _Way) -> str:
    output, tasks = folder / way.name, folder / f"{way.name}.yaml"
    tasks.write_text(_tasks(way), "utf-8")
    words = [f"--input={folder / 'images'}", f"--tasks={tasks}", *way.flags]
    command = [sys.executable, "-m", "tierwise"]
    planned = json.loads(_said([*command, "plan", *words, "--json"]))
    _said([*command, "run", *words, f"--output={output}"])
    run = json.loads((output / "run.json").read_text("utf-8"))
    billed, cost = run["emulator_bill"]["total_usd"], run["totals"]["cost_usd"]
    if billed != cost:
        raise SystemExit(f"{way.name}: the account says {cost}, the bill {billed}")
    caches = sum(Decimal(one["cost_usd"]) for one in run["account"] if one["outcome"] == "cache")
    rows = [
        row
        for path in output.glob("answers/task=kind/*.parquet")
        for row in pq.read_table(path, columns=["cost_usd", "cached_tokens"]).to_pylist()
        if (row["cached_tokens"] > 0) == (way.cache == "auto")
    ]
    each = f"{fmean(float(row['cost_usd']) for row in rows) * 1e6:,.2f}" if rows else "none named"
    tier = "batch" if way.flags else "standard"
    cells = (way.begins, tier, way.pack, way.cache, billed, cost, caches, planned["cost_usd"], each)
    return f"| {' | '.join(map(str, cells))} |"


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr or done.stdout)
    return done.stdout


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else _IMAGES)
