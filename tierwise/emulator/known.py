"""Pictures whose label is known, and the nearest of them to a look.

The same picture is never its own neighbour, not even after it was shrunk or compressed again: what
looks the same at 16 x 16 grey pixels is left out.

Folders in folders are a tree of labels: a picture in `tops/shirt` is known as a shirt, and where
that is not asked for as one of the tops.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from tierwise.emulator.looks import Look, Vector
from tierwise.emulator.mistakes import Mistakes, lead
from tierwise.emulator.seeing import LookAt, by_measures
from tierwise.emulator.sight import Seen, open_picture
from tierwise.errors import InputError

_NEIGHBOURS = 11
# Outlines, middling and fine detail, colour: weights that told ten kinds of clothes apart.
_WEIGHTS = (1.0, 0.5, 0.5, 0.3)
# How much more a nearer neighbour counts: of measures, and of features, which lie further apart.
_STEEP, _STEEP_OF_FEATURES = 20.0, 10.0
# So many known pictures tell what is unclear among all.
_LEADS = 300
_MOST = 0.5
# Measured on 570 photographs: signatures of one picture, shrunk to 32 px and compressed again,
# agree to 0.95 and more, those of different pictures to 0.92 at most. Below 32 px they blur.
_SAME_PICTURE = 0.94
_SAME_TINY_PICTURE = 0.75
_TINY = 32
_SAME_GREYS = 4.0
_READ_SIDE = 448
_FINGERPRINT_DIGITS = 16
# What a label must have of all that is known below the one above it, not to be less fit than that.
_SURE = 0.6


class KnownPictures:
    """Labelled pictures to compare with, held as vectors in memory.

    Of each picture `labels` has what it shows, from the widest word to the narrowest. Where looks
    have features, these are compared. `mistakes` are made in what is answered.
    """

    def __init__(
        self,
        labels: Sequence[Sequence[str]],
        looks: Sequence[Look],
        mistakes: Mistakes = Mistakes(),
    ) -> None:
        self._labels = [tuple(map(plain_label, ways)) for ways in labels]
        self.labels = frozenset(label for ways in self._labels for label in ways)
        self._mistakes = mistakes
        self._some = looks[:: -(-len(looks) // _LEADS)] if mistakes else ()
        self._unclear: dict[tuple[str, ...], float] = {}
        self._by_features = bool(looks[0].features.size)
        measures = [np.stack(parts) for parts in zip(*map(_measures, looks), strict=True)]
        # What all pictures have in common says nothing; without it, likeness tells labels apart.
        self._common = [measure.mean(axis=0) for measure in measures]
        self._vectors = self._compared(measures)
        self._signatures = np.stack([look.signature for look in looks])
        self._outlines = _unit(_centred(self._signatures))

    def can_compare(self, look: Look) -> bool:
        """Whether there is a picture to compare."""
        return bool(look.features.size if self._by_features else look.shape)

    def scores(self, look: Look, labels: Sequence[str]) -> dict[str, float]:
        """The votes for labels, less the mistakes that are made on purpose."""
        votes = self.vote(look, labels)
        if not self._mistakes or len(votes) < 2:
            return votes
        return self._mistakes.made(votes, look.picture, self._unclear_lead(tuple(labels)))

    def shown(self, look: Look) -> str:
        """The narrowest label that most of the nearest pictures have, empty where none has.

        Only by features, for measures tell outlines and colours, and not what is shown.
        """
        if not self._by_features or not self.can_compare(look):
            return ""
        narrowest = sorted({ways[-1] for ways in self._labels})
        votes = self.vote(look, narrowest)
        found = max(narrowest, key=lambda label: votes[label])
        return found if votes[found] > _MOST else ""

    def _unclear_lead(self, labels: tuple[str, ...]) -> float:
        """The lead that the right share of known pictures lies below, each judged by the others."""
        if not self._mistakes.where_unclear:
            return 0.0
        if labels not in self._unclear:
            leads = [lead(self.vote(look, labels)) for look in self._some]
            self._unclear[labels] = float(np.quantile(leads, self._mistakes.unclear_share))
        return self._unclear[labels]

    def vote(self, look: Look, labels: Sequence[str]) -> dict[str, float]:
        """For each label its share of the nearest known pictures, nearer ones counting more.

        Each counts for the narrowest of its labels that is asked for, and in part for those above.
        """
        names = {plain_label(label): label for label in labels}
        known_as = [[names[one] for one in ways if one in names] for ways in self._labels]
        asked = np.array([bool(ways) for ways in known_as])
        usable = np.flatnonzero(asked & ~self._same(look))
        closeness = _products(self._vectors, self._compared(_measures(look)))[usable]
        nearest = np.argsort(-closeness, kind="stable")[:_NEIGHBOURS]
        shares = dict.fromkeys(labels, 0.0)
        if nearest.size:
            steep = _STEEP_OF_FEATURES if self._by_features else _STEEP
            weights = np.exp((closeness[nearest] - closeness[nearest[0]]) * steep)
            for position, weight in zip(usable[nearest], weights / weights.sum(), strict=True):
                *above, narrowest = known_as[position]
                shares[narrowest] += float(weight)
                for label in above:
                    shares[label] += _SURE * float(weight)
        return shares

    def _compared(self, measures: Sequence[Vector]) -> Vector:
        """One vector per picture, whose products with others are their likeness."""
        weights = (1.0,) if self._by_features else _WEIGHTS
        parts = zip(measures, self._common, weights, strict=True)
        return np.concatenate([_unit(m - common) * weight for m, common, weight in parts], axis=-1)

    def _same(self, look: Look) -> NDArray[np.bool_]:
        """Which known pictures are this picture."""
        agreement = _products(self._outlines, _unit(_centred(look.signature)))
        limit = _SAME_TINY_PICTURE if max(look.width, look.height) < _TINY else _SAME_PICTURE
        same_greys = np.abs(self._signatures - look.signature).mean(axis=1) < _SAME_GREYS
        same: NDArray[np.bool_] = (agreement > limit) | same_greys
        return same


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Known pictures, how many they are, and the files that were left out because unreadable.

    `fingerprint` changes with any of the pictures or their labels, and with nothing else.
    """

    pictures: KnownPictures
    count: int
    skipped: tuple[Path, ...]
    fingerprint: str


def plain_label(label: str) -> str:
    """A label whatever its case and normal form: some disks take the accents of folders apart."""
    return normalize("NFC", normalize("NFC", label).casefold())


def know_pictures(
    directory: Path,
    look_at: LookAt = by_measures,
    mistakes: Mistakes = Mistakes(),
) -> Knowledge:
    """Look at every picture below the label folders of `directory`.

    Raises:
      InputError: there is no such directory, no label folder, or no file is a picture.
    """
    if not directory.is_dir():
        raise InputError(
            f"known pictures in {directory}: no such directory. Name one with a folder per label."
        )
    try:
        files = list(_files(directory))
    except OSError as error:
        raise InputError(
            f"known pictures in {directory}: {error.filename} cannot be listed ({error.strerror})."
        ) from error
    if not files:
        raise InputError(
            f"known pictures in {directory}: no folder with pictures. Make one folder per label."
        )
    with ThreadPoolExecutor(max_workers=4) as pool:
        known = dict(zip(files, pool.map(partial(_look_at_file, look_at), files), strict=True))
    skipped = tuple(path for path in files if known[path] is None)
    read = [
        (path.parent.relative_to(directory).parts, look)
        for path, look in known.items()
        if look is not None
    ]
    if not read:
        raise InputError(
            f"known pictures in {directory}: none of {len(files)} files is a picture that can be "
            f"read, for example {skipped[0]}. Name a folder of pictures per label."
        )
    digest = hashlib.sha256()
    for ways, look in read:
        digest.update(f"{'/'.join(ways)}\0{look.sha256}\n".encode())
    looks = [look.look for _, look in read]
    pictures = KnownPictures([ways for ways, _ in read], looks, mistakes)
    return Knowledge(pictures, len(read), skipped, digest.hexdigest()[:_FINGERPRINT_DIGITS])


def _files(directory: Path) -> Iterator[Path]:
    """Those of folders below a folder, and of folders in these."""
    for folder in sorted(path for path in directory.iterdir() if path.is_dir()):
        yield from sorted(p for p in folder.iterdir() if p.is_file() and p.name[0] != ".")
        yield from _files(folder)


@dataclass(frozen=True, slots=True)
class _KnownFile:
    look: Look
    sha256: str


def _look_at_file(look_at: LookAt, path: Path) -> _KnownFile | None:
    try:
        data = path.read_bytes()
        image = open_picture(data, _READ_SIDE)
    except OSError:
        return None
    look = look_at(Seen(*image.size, np.asarray(image)))
    return _KnownFile(look, hashlib.sha256(data).hexdigest())


def _measures(look: Look) -> tuple[Vector, ...]:
    return (look.features,) if look.features.size else (*look.shape, look.colour)


def _products(vectors: Vector, vector: Vector) -> Vector:
    # Not `@`: the threads of a linear algebra library wait by spinning and starve the server.
    return np.asarray(np.einsum("ij,j->i", vectors, vector))


def _centred(vectors: Vector) -> Vector:
    return np.asarray(vectors - vectors.mean(axis=-1, keepdims=True))


def _unit(vectors: Vector) -> Vector:
    return np.asarray(vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-6))
