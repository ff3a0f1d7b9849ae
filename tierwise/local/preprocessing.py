"""From a raster to the numbers that a network takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tierwise.errors import InputError
from tierwise.images.raster import Raster

Numbers = NDArray[np.float32]
Size = tuple[int, int]

_MOST_PX = 1024
_KEYS = {"size", "mean", "scale", "step"}


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How pictures are made ready.

    Attributes:
        size: px; as many pixels as a square of it has.
        mean: for red, green and blue of 0 to 1, what is taken off.
        scale: what that is divided by.
        step: 0 stretches every picture to the square. Otherwise it keeps its shape, as far as that
            goes with sides that are multiples of this; for networks that take any size.
    """

    size: int
    mean: tuple[float, float, float]
    scale: tuple[float, float, float]
    step: int = 0

    def shape(self, size: Size) -> Size:
        """The width and height that a picture of this size is brought to, in px."""
        if not self.step:
            return self.size, self.size
        scale = self.size / sqrt(size[0] * size[1])
        most = self.size**2 // self.step  # of a strip, so that no picture takes much longer
        width, height = (
            min(most, max(self.step, round(side * scale / self.step) * self.step)) for side in size
        )
        return width, height

    def pixels(self, raster: Raster) -> Numbers:
        """One picture, 1 x 3 x height x width.

        Shrunk by plain averages: four times as quick as cubic filters, and told apart as well.
        """
        size = self.shape(raster.size)
        shrinks = size[0] * size[1] <= raster.size[0] * raster.size[1]
        kernel = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
        small = np.asarray(raster.image.resize(size, kernel), dtype=np.float32)
        if small.ndim == 2:
            small = np.repeat(small[..., np.newaxis], 3, axis=2)
        gain = np.float32(1) / (np.float32(255) * np.array(self.scale, np.float32))
        less = np.array(self.mean, np.float32) / np.array(self.scale, np.float32)
        return np.ascontiguousarray((small * gain - less).transpose(2, 0, 1)[np.newaxis])

    def to_json(self) -> str:
        """One line, the same for the same."""
        return json.dumps(asdict(self), sort_keys=True)


def read_preprocessing(text: str, path: str) -> Preprocessing:
    """What the JSON beside a model says: `size`, `mean`, `scale` and, if it may, `step`.

    Raises:
        InputError: it says something else.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path}: no JSON: {error}.") from error
    if not isinstance(document, dict) or not {"size", "mean", "scale"} <= set(document) <= _KEYS:
        raise InputError(
            f"{path}: it must have size, mean and scale, may have step, and nothing else, for "
            'example {"size": 224, "mean": [0.485, 0.456, 0.406], "scale": [0.229, 0.224, 0.225]}.'
        )
    size, step = _whole(document, "size", path, 1), _whole(document, "step", path, 0)
    if step > size:
        raise InputError(f"{path}: step is {step}, more than size, which is {size}.")
    mean, scale = (_three(document, key, path) for key in ("mean", "scale"))
    if min(scale) <= 0:
        raise InputError(f"{path}: scale is {list(scale)}, but must be above 0.")
    return Preprocessing(size, mean, scale, step)


def _whole(document: Mapping[str, Any], key: str, path: str, least: int) -> int:
    value = document.get(key, 0)
    if type(value) is not int or not least <= value <= _MOST_PX:
        raise InputError(
            f"{path}: {key} is {value!r}, but must be a whole number of px from {least} to "
            f"{_MOST_PX}."
        )
    return value


def _three(document: Mapping[str, Any], key: str, path: str) -> tuple[float, float, float]:
    value = document[key]
    if not isinstance(value, list) or [type(one) in {int, float} for one in value] != [True] * 3:
        raise InputError(
            f"{path}: {key} is {value!r}, but must be three numbers, for red, green and blue."
        )
    red, green, blue = map(float, value)
    return red, green, blue
