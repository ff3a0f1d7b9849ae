"""Ten kinds of clothes as a tree of two levels: how near answers come by each way to ask.

    python -m bench.taxonomies.clothes LABELLED [OUTPUT]

LABELLED has a folder of pictures per kind. The emulator knows them as a tree, and never a picture
from itself. Dollars are its bill at list prices, without any cache, per thousand pictures.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

TREE = {
    "upper body": ("longsleeve", "outwear", "shirt", "t-shirt"),
    "lower body": ("pants", "shorts", "skirt"),
    "other": ("dress", "hat", "shoes"),
}
WAYS: dict[str, dict[str, Any]] = {
    "one question": {"top_down": False},
    "two questions": {"top_down": True},
    "one question, back_off": {"top_down": False, "back_off": True},
    "two questions, back_off": {"top_down": True, "back_off": True},
}
LEVELS = ("exact", "parent right", "sibling", "level 1", "level 2")
MODEL = "gemini-3.1-flash-lite"


def known_tree(labelled: Path, place: Path) -> None:
    """Folders in folders, which lead to those of the kinds."""
    for above, kinds in TREE.items():
        (place / above).mkdir(parents=True)
        for kind in kinds:
            (place / above / kind).symlink_to((labelled / kind).resolve())


def write_inputs(labelled: Path, place: Path) -> None:
    """The manifest with what is right, and the labels."""
    rows = ["uri,kind"]
    for kind in sorted(kind for kinds in TREE.values() for kind in kinds):
        rows += [f"{path},{kind}" for path in sorted((labelled / kind).resolve().glob("*.jpg"))]
    (place / "manifest.csv").write_text("\n".join(rows), encoding="utf-8")
    labels = ["label,parent", *(f"{above}," for above in TREE)]
    labels += [f"{kind},{above}" for above, kinds in TREE.items() for kind in kinds]
    (place / "labels.csv").write_text("\n".join(labels), encoding="utf-8")


def ask(place: Path, output: Path, keys: dict[str, Any]) -> dict[str, Any]:
    """What a run says of itself."""
    task = {
        "prompt": "Which piece of clothing is shown?",
        "labels": str(place / "labels.csv"),
        "media_resolution": "low",
        "cache": "off",
        **keys,
    }
    tasks = place / "tasks.json"
    tasks.write_text(json.dumps({"model": MODEL, "tasks": {"kind": task}}), encoding="utf-8")
    words = [sys.executable, "-m", "tierwise", "run", f"--input={place / 'manifest.csv'}"]
    words += [f"--tasks={tasks}", f"--output={output}", f"--emulator_knows={place / 'known'}"]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    told: dict[str, Any] = json.loads((output / "run.json").read_text("utf-8"))
    return told


def main(labelled: str, kept: str = "") -> None:
    """Print a line for each way."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        known_tree(Path(labelled), place / "known")
        write_inputs(Path(labelled), place)
        print(f"{'way':<26}{'USD per 1000':>14}", *(f"{level:>13}" for level in LEVELS))
        for way, keys in WAYS.items():
            output = Path(kept or name) / way.replace(", ", "-").replace(" ", "-")
            run = ask(place, output, keys)
            found = run["evaluation"]["kind"]
            cost = Decimal(run["totals"]["cost_usd"]) * 1000 / found["images"]
            shares = (f"{found['levels'][level]:>13.3f}" for level in LEVELS)
            print(f"{way:<26}{cost:>14.4f}", *shares, flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
