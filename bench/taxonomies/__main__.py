"""Ask taxonomies of an archive in one question and in two, alone and in packs.

    python -m bench.taxonomies FOLDER [PRODUCTS]

PRODUCTS is a table or text file of a large tree, as `labels:` takes it, which is asked as it is and
taken twice. Dollars are the emulator's bill at list prices, without any cache, for a million
pictures like those of FOLDER.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench.together.__main__ import bill, emulator

IAB = Path(__file__).parents[2] / "examples" / "taxonomies" / "iab_content_3.1.tsv"
MILLION = 1_000_000
PACKS = (1, 8)


def ways(labels: list[Path]) -> list[tuple[str, dict[str, Any]]]:
    """The task of each way to ask, and what it is called."""
    return [
        (
            f"{path.stem}, {'two questions' if top_down else 'one question'}, packs of {pack}",
            {
                "prompt": "Which subject does this picture belong to?",
                "labels": str(path.resolve()),
                "media_resolution": "low",
                "images_per_request": pack,
                "top_down": top_down,
            },
        )
        for path in labels
        for top_down in (False, True)
        for pack in PACKS
    ]


def ask(folder: str, task: dict[str, Any], url: str, place: Path) -> tuple[Decimal, dict[str, Any]]:
    """The bill of one run, and what the run says of itself."""
    bill(url, "reset", "POST")
    document = {"model": "gemini-3.1-flash-lite", "tasks": {"subject": task}}
    (place / "tasks.json").write_text(json.dumps(document), encoding="utf-8")
    words = [sys.executable, "-m", "tierwise", "run", f"--input={folder}"]
    words += [f"--tasks={place / 'tasks.json'}", f"--output={place / 'out'}"]
    words += [f"--gemini_endpoint={url}"]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    run = json.loads((place / "out" / "run.json").read_text("utf-8"))
    billed = Decimal(bill(url)["total_usd"])
    if billed != Decimal(run["totals"]["cost_usd"]):
        raise SystemExit(f"the account says {run['totals']['cost_usd']}, the bill {billed}")
    return billed, run


def twice(path: Path, place: Path) -> Path:
    """A tree of paths taken twice, below two roots."""
    paths = path.read_text("utf-8").splitlines()
    halves = ("first", "second")
    doubled = [*halves, *(f"{half} > {one}" for half in halves for one in paths if one.strip())]
    target = place / f"{path.stem} twice.txt"
    target.write_text("\n".join(doubled), encoding="utf-8")
    return target


def main(folder: str, *more: str) -> None:
    """Print a line for each way."""
    with tempfile.TemporaryDirectory() as name, emulator() as url:
        labels = [IAB]
        for path in map(Path, more):
            labels += [path, twice(path, Path(name))]
        for way, task in ways(labels):
            with tempfile.TemporaryDirectory(dir=name) as place:
                billed, run = ask(folder, task, url, Path(place))
            answered = sum(run["tasks"]["subject"]["label_forms"].values())
            forms = ", ".join(run["tasks"]["subject"]["label_forms"])
            million = billed / answered * MILLION
            print(f"{way:<48}{million:>12,.0f} USD a million  ({forms})", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
