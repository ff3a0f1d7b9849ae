"""Pictures whose label is known, and the nearest of them to a look.

The same picture is never its own neighbour, not even after it was shrunk or compressed again: what
looks the same at 16 x 16 grey pixels is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from gemini_api.emulator.looks import Look, Vector, look_at
from gemini_api.emulator.sight import Seen, open_picture
from tierwise.errors import InputError

_NEIGHBOURS = 9
_SHAPE_WEIGHT = 1.0
_COLOUR_WEIGHT = 1.5
# Two files of one picture differ by about 1 grey level on average, different pictures by 20 to 80.
_SAME_PICTURE = 4.0
_READ_SIDE = 640


class KnownPictures:
    """Labelled pictures to compare with, held as vectors in memory."""

    def __init__(self, labels: Sequence[str], looks: Sequence[Look]) -> None:
        self.labels = frozenset(label.casefold() for label in labels)
        self._labels = np.array([label.casefold() for label in labels])
        self._vectors = np.stack([_vector(look) for look in looks])
        self._signatures = np.stack([look.signature for look in looks])

    def vote(self, look: Look, labels: Sequence[str]) -> dict[str, float]:
        """For each label its share of the nearest known pictures, nearer ones counting more."""
        names = {label.casefold(): label for label in labels}
        apart = np.abs(self._signatures - look.signature).mean(axis=1)
        usable = (apart > _SAME_PICTURE) & np.isin(self._labels, list(names))
        closeness = (self._vectors @ _vector(look))[usable]
        nearest = np.argsort(-closeness, kind="stable")[:_NEIGHBOURS]
        shares = dict.fromkeys(labels, 0.0)
        if nearest.size:
            weights = np.exp((closeness[nearest] - closeness[nearest[0]]) * 20)
            for name, weight in zip(self._labels[usable][nearest], weights, strict=True):
                shares[names[name]] += float(weight / weights.sum())
        return shares


def know_pictures(directory: Path) -> KnownPictures:
    """Look at every picture below the label folders of `directory`.

    Raises:
      InputError: there is no such directory, no label folder, or a picture cannot be read.
    """
    if not directory.is_dir():
        raise InputError(
            f"--knows {directory}: no such directory. Name one with a folder per label."
        )
    files = [(path.parent.name, path) for path in _files(directory)]
    if not files:
        raise InputError(
            f"--knows {directory}: no folder with pictures. Make one folder per label."
        )
    with ThreadPoolExecutor(max_workers=4) as pool:
        looks = list(pool.map(_look_at_file, [path for _, path in files]))
    return KnownPictures([label for label, _ in files], looks)


def _files(directory: Path) -> Iterator[Path]:
    for folder in sorted(path for path in directory.iterdir() if path.is_dir()):
        yield from sorted(p for p in folder.iterdir() if p.is_file() and p.name[0] != ".")


def _look_at_file(path: Path) -> Look:
    try:
        image = open_picture(path.read_bytes(), _READ_SIDE)
    except OSError as error:
        raise InputError(f"--knows {path}: not a readable picture ({error}). Remove it.") from error
    return look_at(Seen(*image.size, np.asarray(image)))


def _vector(look: Look) -> Vector:
    shape = look.shape / (np.linalg.norm(look.shape) + 1e-6)
    colour = look.colour / (np.linalg.norm(look.colour) + 1e-6)
    joined = np.concatenate([shape * _SHAPE_WEIGHT, colour * _COLOUR_WEIGHT])
    vector: Vector = joined / np.linalg.norm(joined)
    return vector
