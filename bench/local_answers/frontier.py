"""How much of an archive is asked, by its size and the share that may differ.

    python -m bench.local_answers.frontier FOLDER [ARCHIVES]

FOLDER holds a folder of pictures per label, at any depth; the labels stand in Gemini's place. The
product's own features, model, exam and rule for sizes are used. Archives larger than the set grow
by drawing exam and rest again, with replacement, from the pictures that were not learnt from.
Printed are means over archives: the share that is asked in all, that which differs, and in how
many archives more differ than was promised.
"""

from __future__ import annotations

import hashlib
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize_many
from tierwise.images.raster import Raster
from tierwise.local.embedder import load_embedder
from tierwise.local.head import fit
from tierwise.local.judgement import judgement_of
from tierwise.local.roles import roles_for
from tierwise.local.statement import Counts, Examined, Terms, state
from tierwise.records import ImageSettings

SIZES = (2_000, 10_000, 50_000, 1_000_000)
SHARES = tuple(map(Decimal, ("0.01", "0.02", "0.05", "0.1")))
ARCHIVES, SEED = 20, 5
_PARTS = 2**32


@dataclass(frozen=True)
class Labelled:
    """Features of pictures, one row each, and what they show."""

    features: NDArray[np.float16]
    labels: list[str]


def looked_at(folder: Path) -> Labelled:
    """All pictures of a folder, as a run looks at them; kept in a file of the temporary folder."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".png"})
    with ThreadPoolExecutor(2) as threads:
        rows = list(threads.map(_features, paths))
    return Labelled(np.stack(rows), [path.parent.name for path in paths])


def _features(path: Path) -> NDArray[np.float16]:
    found: list[Raster] = []

    def look(rasters: list[Raster]) -> set[ImageSettings]:
        found.extend(rasters)
        return set()

    settings = (ImageSettings(512),)
    optimize_many(
        path.read_bytes(), name=str(path), page=1, settings=settings, limits=Limits(), look=look
    )
    return load_embedder().embed(found[0])


def tried(data: Labelled, size: int, random: np.random.Generator) -> list[Outcome]:
    """One archive of this size, at each of the shares; one model for all of them."""
    roles = {differ: roles_for(size, differ, "salt") for differ in SHARES}
    ready = [one for one in roles.values() if one]
    if not ready:
        return [Outcome(1.0, 0.0, broken=False)] * len(SHARES)
    learn = min(round(size * ready[0].learn / _PARTS), len(data.labels) // 2)
    order = random.permutation(len(data.labels))
    learnt, others = order[:learn], order[learn:]
    head = fit(data.features[learnt], [data.labels[one] for one in learnt])
    if head is None:
        raise RuntimeError("there is nothing to learn from")
    judged = [judgement_of(head.judge(data.features[one])) for one in others]
    wrong = np.array(
        [one.value != data.labels[place] for one, place in zip(judged, others, strict=True)]
    )
    left = size - learn
    drawn = (
        random.choice(len(others), left)
        if left > len(others)
        else random.permutation(len(others))[:left]
    )
    found = []
    for differ, some in roles.items():
        exam = round(size * some.exam / _PARTS) if some else 0
        counts = Counts(learn, exam, left - exam)
        examined = [
            Examined("task", judged[one], bool(wrong[one]), (data.labels[others[one]],))
            for one in drawn[:exam]
        ]
        stated = state("task", Terms(differ, Decimal("0.95"), 0.05), "", counts, examined)
        local = np.array([one.stands_above(stated.above) for one in judged])
        rest = drawn[exam:]
        answered, differing = int(local[rest].sum()), int((local & wrong)[rest].sum())
        broken = differing > stated.differ_at_most
        found.append(Outcome(1 - answered / size, differing / size, broken=broken))
    return found


@dataclass(frozen=True)
class Outcome:
    """Shares of all contents."""

    asked: float
    differ: float
    broken: bool


def report(folder: Path, archives: int) -> None:
    """Print a table of one set."""
    data = looked_at(folder)
    digest = hashlib.sha256("".join(data.labels).encode()).hexdigest()[:8]
    print(f"{folder}: {len(data.labels):,} pictures, {len(set(data.labels))} labels ({digest})")
    for size in SIZES:
        random = np.random.default_rng(SEED)
        trials = [tried(data, size, random) for _ in range(archives)]
        cells = []
        for differ, some in zip(SHARES, zip(*trials, strict=True), strict=True):
            asked = np.mean([one.asked for one in some])
            differing = np.mean([one.differ for one in some])
            broken = sum(one.broken for one in some)
            cells.append(f"{differ}: {asked:.3f} asked, {differing:.2%} differ, {broken} broken")
        print(f"N={size:>9,}  " + "; ".join(cells), flush=True)


if __name__ == "__main__":
    report(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else ARCHIVES)
