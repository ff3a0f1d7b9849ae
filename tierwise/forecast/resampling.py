"""What the files may be that nobody looked at: drawn from those of their stratum that were seen.

A forecast is a sum over files, so that one way things may turn out is how many files each file of
the sample stands for. Seen files count once; the others are drawn by Pólya's urn, which is as
uncertain as a mean of a sample without replacement.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, pairwise

from tierwise.forecast.shares import Share
from tierwise.forecast.survey import Stratum

# Beside the files of a stratum that were seen, half a one is imagined: like any of its ending.
_IMAGINED_COUNTS = 0.5
# So many unseen files for each that was seen are drawn one by one; of more, shares alone matter.
_DRAWN_EACH = 4


def middle_weights(strata: Sequence[Stratum]) -> list[float]:
    """For how many files each of those that were seen stands, where all others are like them."""
    return [stratum.scale for stratum in strata for _ in stratum.seen]


def unreadable(strata: Sequence[Stratum], weights: Sequence[float]) -> Share:
    """The share of pictures whose headers cannot be read, with the weight of those seen."""
    files = [file for stratum in strata for file in stratum.seen]
    pairs = [
        (not file.images, weight)
        for file, weight in zip(files, weights, strict=True)
        if not file.foreign
    ]
    total = sum(weight for _, weight in pairs)
    share = sum(weight for broken, weight in pairs if broken) / total if total else 0.0
    return Share(share * len(pairs), (1 - share) * max(1, len(pairs)))


def drawn_weights(strata: Sequence[Stratum], rng: random.Random) -> list[float]:
    """For how many files each of those that were seen stands, in one way things may turn out."""
    starts = list(accumulate((len(stratum.seen) for stratum in strata), initial=0))
    weights = [float(stratum.certain) for stratum in strata for _ in stratum.seen]
    for stratum, (start, end) in zip(strata, pairwise(starts), strict=True):
        if stratum.complete or not stratum.seen:
            continue
        places = [*range(start, end), _imagined(strata, stratum.kind, rng)]
        # Of few files the shares differ more, so that their mean varies as that of a sample does.
        each = max(1, len(stratum.seen) - 2) / len(stratum.seen)
        shares = [rng.gammavariate(each, 1) for _ in stratum.seen]
        shares.append(rng.gammavariate(_IMAGINED_COUNTS, 1))
        unseen = _files(stratum, rng) - stratum.certain * len(stratum.seen)
        for place, copies in zip(places, _copies(max(0.0, unseen), shares, rng), strict=True):
            weights[place] += copies
    return weights


def _files(stratum: Stratum, rng: random.Random) -> float:
    """How many files there may be."""
    files, spread = stratum.files, stratum.spread
    return rng.gammavariate((files / spread) ** 2, spread**2 / files) if spread else files


def _imagined(strata: Sequence[Stratum], kind: str, rng: random.Random) -> int:
    """The place of a file that was seen, of that kind; each as likely as the next."""
    places, start = list[int](), 0
    for stratum in strata:
        if stratum.kind == kind:
            places += range(start, start + len(stratum.seen))
        start += len(stratum.seen)
    return rng.choice(places)


def _copies(unseen: float, shares: Sequence[float], rng: random.Random) -> list[float]:
    """How many of the unseen files are like each of those with a share."""
    if unseen > _DRAWN_EACH * len(shares):
        each = unseen / sum(shares)
        return [share * each for share in shares]
    whole = int(unseen) + (rng.random() < unseen % 1)
    drawn = Counter(rng.choices(range(len(shares)), shares, k=whole))
    return [float(drawn[place]) for place in range(len(shares))]
