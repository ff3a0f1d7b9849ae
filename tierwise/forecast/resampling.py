"""What the files may be that nobody looked at: drawn from those of their stratum that were seen.

A forecast is a sum over files, so that one way things may turn out is how many files each file of
the sample stands for. Seen files count once; the others are drawn by Pólya's urn, which is as
uncertain as a mean of a sample without replacement.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from tierwise.forecast.shares import Share
from tierwise.forecast.survey import Stratum

# One number for each file of a sample, stratum by stratum.
Weights = NDArray[np.float64]

# Beside the files of a stratum that were seen, half a one is imagined: like any of its ending.
_IMAGINED_COUNTS = 0.5


def middle_weights(strata: Sequence[Stratum]) -> Weights:
    """For how many files each of those that were seen stands, where all others are like them."""
    return np.array([stratum.scale for stratum in strata for _ in stratum.seen])


def unreadable(strata: Sequence[Stratum], weights: Weights) -> Share:
    """The share of pictures whose headers cannot be read, with the weight of those seen."""
    files = [file for stratum in strata for file in stratum.seen]
    pictures = np.array([not file.foreign for file in files], dtype=bool)
    broken = np.array([not file.images for file in files], dtype=bool)
    total, count = weights[pictures].sum(), int(pictures.sum())
    share = float(weights[pictures & broken].sum() / total) if total else 0.0
    return Share(share * count, (1 - share) * max(1, count))


def drawn_weights(strata: Sequence[Stratum], rng: np.random.Generator) -> Weights:
    """For how many files each of those that were seen stands, in one way things may turn out."""
    starts = list(accumulate((len(stratum.seen) for stratum in strata), initial=0))
    weights = np.array([float(stratum.certain) for stratum in strata for _ in stratum.seen])
    for stratum, (start, end) in zip(strata, pairwise(starts), strict=True):
        if stratum.complete or not stratum.seen:
            continue
        # Of few files the shares differ more, so that their mean varies as that of a sample does.
        each = max(1, len(stratum.seen) - 2) / len(stratum.seen)
        shares = rng.dirichlet([each] * len(stratum.seen) + [_IMAGINED_COUNTS])
        unseen = max(0.0, _files(stratum, rng) - stratum.certain * len(stratum.seen))
        copies = rng.multinomial(int(unseen) + (rng.random() < unseen % 1), shares)
        weights[start:end] += copies[:-1]
        weights[_imagined(strata, stratum.kind, rng)] += copies[-1]
    return weights


def _files(stratum: Stratum, rng: np.random.Generator) -> float:
    """How many files there may be."""
    files, spread = stratum.files, stratum.spread
    return rng.gamma((files / spread) ** 2, spread**2 / files) if spread else files


def _imagined(strata: Sequence[Stratum], kind: str, rng: np.random.Generator) -> int:
    """The place of a file that was seen, of that kind; each as likely as the next."""
    places, start = list[int](), 0
    for stratum in strata:
        if stratum.kind == kind:
            places += range(start, start + len(stratum.seen))
        start += len(stratum.seen)
    return places[int(rng.integers(len(places)))]
