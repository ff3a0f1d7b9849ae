"""What features cost and how well they tell labels apart, by how pictures are made ready.

    python -m bench.local_answers.features FOLDER

FOLDER holds a folder of pictures per label. Printed are milliseconds of a processor per picture,
for what is sent and for the features of it, and what share a head tells right that has learnt from
four fifths of the pictures, with the standard error of five folds, three times.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tierwise.images.decoded import decoded
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.local.embedder import EFFICIENTNET, Embedder, own_network
from tierwise.local.head import fit
from tierwise.records import ImageSettings

_SENT = ImageSettings(max_side=768, quality=85)
_FOLDS, _TIMES = 5, 3
WAYS = {
    "224 px, in its own shape": EFFICIENTNET,
    "224 px, stretched to a square": replace(EFFICIENTNET, step=0),
    "160 px, in its own shape": replace(EFFICIENTNET, size=160),
    "128 px, in its own shape": replace(EFFICIENTNET, size=128),
}


def main(words: Sequence[str]) -> None:
    """See above."""
    if len(words) != 1:
        sys.exit(__doc__)
    files = sorted(Path(words[0]).glob("*/*.jpg"))
    labels = [path.parent.name for path in files]
    began = time.process_time()
    sent = [
        optimize(path.read_bytes(), name=path.name, page=1, settings=_SENT, limits=Limits())
        for path in files
    ]
    print(f"{len(files)} pictures, {len(set(labels))} labels")
    print(f"read, shrink and code: {_milliseconds(began, files):.1f} ms")
    rasters = [decoded(picture) for picture in sent]
    for name, preprocessing in WAYS.items():
        embedder = Embedder(own_network(), preprocessing, name)
        began = time.process_time()
        features = np.stack([embedder.embed(raster) for raster in rasters])
        spent = _milliseconds(began, files)
        right = _right(features, labels)
        error = statistics.stdev(right) / len(right) ** 0.5
        print(f"{name}: {spent:.1f} ms, {statistics.mean(right):.1%} right, +- {error:.1%}")


def _milliseconds(began: float, files: Sequence[Path]) -> float:
    return (time.process_time() - began) * 1000 / len(files)


def _right(features: NDArray[np.float16], labels: Sequence[str]) -> list[float]:
    """The share of each fold, in several divisions."""
    found = []
    for seed in range(_TIMES):
        order = np.random.default_rng(seed).permutation(len(labels))
        for fold in range(_FOLDS):
            asked = order[fold::_FOLDS]
            learnt = np.setdiff1d(order, asked)
            head = fit(features[learnt], [labels[one] for one in learnt])
            assert head is not None
            judged = [head.judge(features[one]).answer == labels[one] for one in asked]
            found.append(float(np.mean(judged)))
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
