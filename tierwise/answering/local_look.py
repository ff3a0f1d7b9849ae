"""A look at the pixels of a picture, before they are coded: features, and what models say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from tierwise.images.raster import Raster
from tierwise.local.embedder import Embedder, load_embedder
from tierwise.local.head import Head
from tierwise.local.head_file import from_bytes
from tierwise.local.judgement import Judgement, judgement_of
from tierwise.local.seen import Looking, Seen
from tierwise.records import ImageSettings
from tierwise.storage.files import files_for


@dataclass(slots=True)
class Look:
    """A look at one picture: called with its pixels, says what is to be coded."""

    looking: Looking
    seen: Seen | None = field(default=None, init=False)

    def blind(self) -> None:
        """Say that nobody can look at a picture, because of its bytes: it is always asked."""
        never = Judgement(None, None)
        self.seen = Seen(judged=tuple((one.task, never) for one in self.looking.models))

    def __call__(self, rasters: Sequence[Raster]) -> set[ImageSettings]:
        """The settings whose pictures are wanted all the same."""
        looking = self.looking
        embedder = _embedder(looking.embedder)
        vector = embedder.embed(_smallest_that_shows(rasters, embedder.size))
        judged = {
            one.task: judgement_of(_head(one.uri, one.digest).judge(vector))
            for one in looking.models
        }
        features = vector.tobytes() if looking.features else b""
        self.seen = Seen(features, tuple(judged.items()))
        return set(looking.always).union(
            *(one.settings for one in looking.groups if not one.answered(judged, one.tasks))
        )


def _smallest_that_shows(rasters: Sequence[Raster], side: int) -> Raster:
    """Pixels enough for the embedder, and no more to scale down than there must be."""
    in_order = sorted(rasters, key=lambda raster: min(raster.size))
    return next((one for one in in_order if min(one.size) >= side), in_order[-1])


@lru_cache(maxsize=2)
def _embedder(path: str) -> Embedder:
    return load_embedder(path or None)


@lru_cache(maxsize=64)
def _head(uri: str, digest: str) -> Head:
    """A model, read once by each process; another one of that name is another model."""
    del digest
    return from_bytes(files_for(uri).read(uri), uri).head
