"""What a prompt of 2,000 labels costs with a cache and without, against the emulator's bill.

    python -m bench.caching [IMAGES]

Each way is a run of the command over the same pictures, whose account must be the bill to the
nano-dollar. Dollars per million images are those of a picture in a request that named a cache,
times a million; what writing and storing the cache cost in this run stands beside, for it does not
grow with the images but with the hours.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
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
_WAYS = [(pack, cache) for pack in (1, 8) for cache in ("off", "auto")]


def main(images: int) -> None:
    """Print a table of all ways."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        _draw(folder / "images", images)
        print("| images per request | cache | billed | account | caches | plan | USD per million |")
        print("|---|---|---|---|---|---|---|")
        for pack, cache in _WAYS:
            tasks = folder / f"{pack}-{cache}.yaml"
            tasks.write_text(_tasks(pack, cache), "utf-8")
            print(_row(folder, tasks, pack, cache), flush=True)


def _draw(folder: Path, images: int) -> None:
    folder.mkdir()
    rng = random.Random(1)
    for number in range(images):
        shade = (rng.randrange(256), rng.randrange(256), number % 256)
        Image.new("RGB", (400 + number % 7, 300), shade).save(folder / f"{number:05}.jpg")


def _tasks(pack: int, cache: str) -> str:
    """Names of two words, 20 letters on average, as product types have."""
    rng = random.Random(2)
    labels = dict[str, None]()
    while len(labels) < 2000:
        words = ("".join(rng.choices(_SYLLABLES, k=rng.randint(3, 6))) for _ in range(2))
        labels[" ".join(words)] = None
    task = {
        "prompt": "Which kind of product is shown?",
        "labels": list(labels),
        "images_per_request": pack,
        "media_resolution": "low",
        "cache": cache,
    }
    return json.dumps({"model": "gemini-3.1-flash-lite", "tasks": {"kind": task}})


def _row(folder: Path, tasks: Path, pack: int, cache: str) -> str:
    output = folder / tasks.stem
    words = [f"--input={folder / 'images'}", f"--tasks={tasks}"]
    command = [sys.executable, "-m", "tierwise"]
    planned = json.loads(_said([*command, "plan", *words, "--json"]))
    _said([*command, "run", *words, f"--output={output}"])
    run = json.loads((output / "run.json").read_text("utf-8"))
    billed, cost = run["emulator_bill"]["total_usd"], run["totals"]["cost_usd"]
    if billed != cost:
        raise SystemExit(f"{tasks.stem}: the account says {cost}, the bill {billed}")
    caches = sum(Decimal(one["cost_usd"]) for one in run["account"] if one["outcome"] == "cache")
    rows = [
        row
        for path in output.glob("answers/task=kind/*.parquet")
        for row in pq.read_table(path, columns=["cost_usd", "cached_tokens"]).to_pylist()
        if (row["cached_tokens"] > 0) == (cache == "auto")
    ]
    each = fmean(float(row["cost_usd"]) for row in rows)
    cells = (pack, cache, billed, cost, caches, planned["cost_usd"], f"{each * 1e6:,.2f}")
    return f"| {' | '.join(map(str, cells))} |"


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr or done.stdout)
    return done.stdout


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else _IMAGES)
