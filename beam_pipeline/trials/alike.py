"""Labelled images that look alike: taken in a row, copied, shrunk. They count once together.

Hashes of 64 bits find who may be alike; a second look at 32 × 32 colours says who is: nearly the
same colours, and nearly the same detail in the same places. Paper and plain drawings are like no
other: forms of one kind that are filled in otherwise have nearly everything in common.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tierwise.answering.prepare import READERS, prepare_single
from tierwise.beam_pipeline.trials.labelled import LabelledImage
from tierwise.errors import ImageError
from tierwise.images.limits import Limits
from tierwise.images.picture import Picture
from tierwise.records import ImageFile, ImageSettings
from tierwise.shown import counted
from tierwise.storage.files import files_for

Grid: TypeAlias = NDArray[np.float32]

_SETTINGS = ImageSettings(256)
_SIDE, _COARSE = 32, 8
# Of 72 photographs, each taken twice by a camera that moved by a hundredth of the picture, these
# find nine of ten; of 570 photographs of clothes one pair, which is one picture twice.
_BITS = 8
_COLOUR = 14.0  # mean difference of 0 to 255
# The share of steps from px to px without a change: 0.46 to 0.76 on typed pages, 0.69 to 0.93 on
# receipts, at most 0.49 on 40 photographs of clothes; other photographs of single things lie above.
_PAPER = 0.45
# The share of steep steps: 0.15 and more on pages full of print, up to 0.08 on most photographs.
_PRINT = 0.12
_DETAIL = 0.7  # correlation of what is finer than an eighth of a side


@dataclass(frozen=True, slots=True)
class Seen:
    """What is compared of a picture: its hash, its colours, and its finer detail."""

    picture_hash: int
    colours: Grid
    detail: Grid


def in_groups(images: Sequence[LabelledImage]) -> tuple[list[LabelledImage], str]:
    """The images, those that look alike with one `unit`, and how many these are, empty for none.

    Files that cannot be read, or hold several images, are like no other.
    """
    with ThreadPoolExecutor(READERS) as pool:
        seen = list(pool.map(_look, images))
    hashes = [one.picture_hash if one else None for one in seen]
    units = groups(hashes, lambda first, second: _alike(seen[first], seen[second]))
    names = {unit: f"like {images[unit].content_hash}" for unit in units.values()}
    found = [
        replace(image, unit=names[units[place]]) if place in units else image
        for place, image in enumerate(images)
    ]
    if not units:
        return found, ""
    return found, (
        f"{len(units):,} of {len(images):,} labelled images lie in "
        f"{counted(len(names), 'group')} of pictures that look alike; each group counts once"
    )


def groups(hashes: Sequence[int | None], alike: Callable[[int, int], bool]) -> dict[int, int]:
    """For each place in a group, the first place of it; groups are chains of pairs that are alike.

    >>> groups([0b1, 0b11, None, 1 << 40, 0b111], lambda first, second: True)
    {0: 0, 1: 0, 3: 0, 4: 0}
    """
    places = [place for place, one in enumerate(hashes) if one is not None]
    found = np.array([hashes[place] for place in places], dtype=np.uint64)
    first = {place: place for place in places}

    def top(place: int) -> int:
        while first[place] != place:
            place = first[place]
        return place

    for index, place in enumerate(places):
        near = np.bitwise_count(found[:index] ^ found[index]) <= _BITS
        for other in (places[one] for one in np.flatnonzero(near)):
            ends = sorted((top(place), top(other)))
            if ends[0] != ends[1] and alike(other, place):
                first[ends[1]] = ends[0]
    tops = {place: top(place) for place in places}
    many = _repeated(tops.values())
    return {place: one for place, one in tops.items() if one in many}


def _repeated(values: Iterable[int]) -> set[int]:
    seen, again = set[int](), set[int]()
    for one in values:
        (again if one in seen else seen).add(one)
    return again


def _look(image: LabelledImage) -> Seen | None:
    named = image.named
    try:
        known = named.known or files_for(named.path).stat(named.path)
        file = ImageFile(
            named.uri, named.path, known.bytes, image.content_hash, version=known.version
        )
        pages = prepare_single(file, _SETTINGS, Limits(), "first")
    except (ImageError, OSError, ValueError):  # it will be one row of failures
        return None
    picture = pages[0].pictures.get(_SETTINGS)
    if not isinstance(picture, Picture) or picture.features is None:
        return None
    if picture.features.flat > _PAPER or picture.features.text_texture > _PRINT:
        return None
    with Image.open(io.BytesIO(picture.data)) as opened:
        small = opened.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return seen_as(small, picture.features.perceptual_hash)


def seen_as(small: Image.Image, picture_hash: int) -> Seen:
    """What is compared of a picture, made small."""
    grey = small.convert("L")
    coarse = grey.resize((_COARSE, _COARSE), Image.Resampling.BOX)
    rough = coarse.resize(grey.size, Image.Resampling.BILINEAR)
    detail = np.asarray(grey, np.float32) - np.asarray(rough, np.float32)
    return Seen(picture_hash, np.asarray(small, np.float32), detail - detail.mean())


def _alike(first: Seen | None, second: Seen | None) -> bool:
    """Whether two pictures show the same, but for a camera that moved a little."""
    if first is None or second is None:
        return False
    if np.abs(first.colours - second.colours).mean() > _COLOUR:
        return False
    size = float(np.linalg.norm(first.detail) * np.linalg.norm(second.detail))
    return size > 0 and float((first.detail * second.detail).sum()) >= _DETAIL * size
