"""What known pictures are compared by: measures of our own, or a network's features.

The measures tell outlines and colours, and need nothing to be installed. The features tell what is
shown. They are those of the network of `tierwise[local]`, but at fewer px than where it answers in
Gemini's place: who is taught sees more than the teacher, and otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from tierwise.emulated import FEATURES, LOOKS
from tierwise.emulator.looks import Look, look_at
from tierwise.emulator.sight import Seen
from tierwise.images.raster import Raster
from tierwise.local.embedder import Embedder, load_embedder

LookAt = Callable[[Seen], Look]

_SIDE = 160

by_measures: LookAt = partial(look_at, shape=True)


def way_of_seeing(sees: str) -> tuple[LookAt, str]:
    """How pictures are looked at, and what that is called: empty for measures of our own.

    Raises:
        InputError: the features are wanted, and what they take is not installed.
    """
    if sees == LOOKS:
        return by_measures, ""
    embedder = load_embedder(size=_SIDE)
    return partial(_with_features, embedder), f"{FEATURES}-{embedder.digest[:8]}"


def _with_features(embedder: Embedder, seen: Seen) -> Look:
    features = embedder.embed(Raster(seen.pixels, seen.width, seen.height))
    return replace(look_at(seen), features=features.astype(np.float32))
