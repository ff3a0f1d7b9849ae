"""What can be asked of the models that draw: sizes, shapes, reference pictures, and who comes next.

The rows stand in `facts/drawing.toml` and `facts/image_tokens.toml`, each with its source.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from tierwise.errors import ModelError
from tierwise.models import find_model

# Spelt as they are sent; the smallest first.
IMAGE_SIZES = ("512", "1K", "2K", "4K")
DEFAULT_SIZE = "1K"
# What is drawn for a stated reason alone.
EXCEPTION = "4K"

# Of the sides of a picture of 1K: those of another size are so many times as long, halved.
_HALVES = {"512": 1, "1K": 2, "2K": 4, "4K": 8}
_SQUARE = "1:1"


@cache
def drawing_models() -> Mapping[str, Mapping[str, int]]:
    """By model that draws, the tokens of a picture by its size."""
    text = _toml("image_tokens.toml")
    return {row["model"]: row["sizes"] for row in text["output_images"]}


def image_output_tokens(model: str, size: str) -> int:
    """Tokens of one drawn picture; `size` is `512`, `1K`, `2K` or `4K`, spelt exactly so.

    Raises ModelError for a model whose count is not known and for a size it does not draw.
    """
    sizes = drawing_models().get(model)
    if sizes is None:
        known = ", ".join(drawing_models())
        raise ModelError(f'tokens of pictures drawn by "{model}" are not known. Known: {known}.')
    if size not in sizes:
        offered = ", ".join(sizes)
        raise ModelError(f'"{model}" draws {offered}, not "{size}".{right_spelling(size, sizes)}')
    return sizes[size]


def right_spelling(size: str, sizes: Mapping[str, int] | tuple[str, ...] = IMAGE_SIZES) -> str:
    """What to write in the place of a size that is only misspelt, with a blank before it.

    >>> right_spelling("1k")
    ' Write "1K", with an upper-case K.'
    """
    return f' Write "{size.upper()}", with an upper-case K.' if size.upper() in sizes else ""


def ratios_of(model: str) -> tuple[str, ...]:
    """The aspect ratios that a model takes."""
    return tuple(_of(model)["ratios"])


def most_references(model: str) -> int:
    """How many pictures a request may carry to draw by."""
    return int(_of(model)["references"])


def sizes_in_vertex_batch(model: str) -> tuple[str, ...]:
    """The sizes that batch jobs of Vertex AI draw; those of the Developer API draw all."""
    return tuple(_of(model)["vertex_batch"])


def pixels(model: str, size: str, ratio: str = "") -> tuple[int, int]:
    """Width and height in px of a picture of this size and shape, square where none is given.

    Raises ModelError for a size or ratio that the model does not draw.
    """
    image_output_tokens(model, size)
    ratio = ratio or _SQUARE
    if ratio not in ratios_of(model):
        raise ModelError(f'"{model}" draws {", ".join(ratios_of(model))}, not "{ratio}".')
    width, height = _pixels_at_1k(find_model(model).generation)[ratio]
    return width * _HALVES[size] // 2, height * _HALVES[size] // 2


def successors_of(model: str) -> tuple[str, ...]:
    """What Google names in the place of a model, the nearest first."""
    return tuple(_successors().get(model, ()))


def _of(model: str) -> Mapping[str, Any]:
    rows: Mapping[str, Mapping[str, Any]] = {
        row["model"]: row for row in _toml("drawing.toml")["models"]
    }
    if model not in rows:
        raise ModelError(f'"{model}" draws no pictures. Models that do: {", ".join(rows)}.')
    return rows[model]


def _pixels_at_1k(generation: str) -> Mapping[str, tuple[int, int]]:
    rows = [row for row in _toml("drawing.toml")["pixels"] if row["generation"] == generation]
    return {ratio: tuple(size) for row in rows for ratio, size in row["at_1K"].items()}


def _successors() -> Mapping[str, tuple[str, ...]]:
    return {row["model"]: row["then"] for row in _toml("drawing.toml")["successors"]}


@cache
def _toml(name: str) -> Mapping[str, Any]:
    return tomllib.loads((files("tierwise") / "facts" / name).read_text(encoding="utf-8"))
