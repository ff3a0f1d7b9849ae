"""Tokens that pictures and texts cost, and the resolution that is worth sending.

The numbers stand in `facts/image_tokens.toml`, each with its source and whether it was observed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from math import isqrt
from typing import Any

from tierwise.errors import ModelError
from tierwise.models import Model, find_model
from tierwise.records import MediaResolution


def image_tokens(
    model: str,
    media_resolution: MediaResolution | None,
    width: int,
    height: int,
    *,
    vertex: bool = False,
) -> int:
    """Input tokens of one picture of `width` x `height` px; None is the model's default resolution.

    Gemini 3 and 4 spread a budget B over a grid in the shape of the picture, whatever its size:

        tokens = floor(sqrt(B * w / h)) * floor(sqrt(B * h / w))     B = 280, 560, 1120 or 2240

    The budgets are documented as maxima (ai.google.dev/gemini-api/docs/media-resolution). The
    formula is inferred: it fits all nine public counts that are known, eight at B = 1120 (1:1, 4:3,
    16:9 and 1568 x 728 in several sizes) and a Letter page at B = 560. Pictures at any other
    budget than 1120 have not been observed.

    Gemini 2.5 has a fixed number, except on Vertex at `high` and by default, where a picture with a
    side above 384 px is cut into tiles of 258 tokens: one observation, 1806 for 700 x 1003 px
    (python-genai issue 1907), against a flat 258 on the Developer API (issue 1349).

    A model that draws has one resolution, whatever is asked: of gemini-3-pro-image a prompt with a
    picture was seen to count 1,119 tokens (litellm issue 20357), within the usual 1,120.

    Raises ModelError when the model does not offer the resolution.
    """
    _check_size(width, height)
    rule = _rule(find_model(model), media_resolution)
    if "max_tokens" in rule:
        columns, rows = _grid(rule["max_tokens"], width, height)
        return columns * rows
    tiles = _tiles(width, height) if vertex and rule["tiled"] else 1
    return int(tiles * rule["tokens"])


def most_image_tokens(
    model: str,
    media_resolution: MediaResolution | None,
    width: int,
    height: int,
    *,
    vertex: bool = False,
) -> int:
    """An upper bound of `image_tokens`: the documented maximum, whatever the picture's shape.

    Only tiles on Vertex have none; there the picture's own size counts.
    """
    rule = _rule(find_model(model), media_resolution)
    if "max_tokens" in rule:
        return int(rule["max_tokens"])
    return image_tokens(model, media_resolution, width, height, vertex=vertex)


def counts_pixels(model: str, media_resolution: MediaResolution | None) -> bool:
    """Whether Vertex bills a picture by its size in px, so that `most_image_tokens` needs it."""
    return bool(_rule(find_model(model), media_resolution).get("tiled"))


def worth_sending(
    model: str, media_resolution: MediaResolution | None, width: int, height: int
) -> tuple[int, int]:
    """The size in px, in the picture's own shape, beyond which the model sees nothing more.

    One token of Gemini 3 and 4 is taken to see 48 x 48 px, as published for Gemma 4: an analogy,
    so measure before relying on it. Never larger than the picture itself.
    """
    _check_size(width, height)
    rule = _rule(find_model(model), media_resolution)
    if "max_tokens" not in rule:
        return _cover(width, height, *_longest_side(rule["longest_side_px"], width, height))
    return shown_by(rule["max_tokens"], width, height)


def shown_by(tokens: int, width: int, height: int) -> tuple[int, int]:
    """The size in px, in the picture's own shape, that at most so many tokens show."""
    columns, rows = _grid(tokens, width, height)
    cell = _facts()["grid_cell"]["side_px"]
    return _cover(width, height, columns * cell, rows * cell)


def shown_length(tokens: int, side: int) -> int:
    """How long a picture of this shorter side may be for so many tokens to show it whole, in px."""
    cell = _facts()["grid_cell"]["side_px"]
    return int(tokens * cell * cell // max(1, side))


def token_budget(model: str, media_resolution: MediaResolution | None) -> int:
    """At most so many tokens are spread over a picture in its shape; 0 where its shape is nothing.

    Gemini 2.5 has a fixed number, whatever the shape.
    """
    return int(_rule(find_model(model), media_resolution).get("max_tokens", 0))


def pixels_worth_sending(model: str, media_resolution: MediaResolution | None) -> int:
    """The longest side in px of a 4:3 picture beyond which the model sees nothing more.

    For Gemini 3 and 4: 912 at `low`, 1296 at `medium`, 1824 at `high`, 2592 at `ultra_high`.
    Wider pictures may use more on their long side, see `worth_sending`.
    """
    width, height = 40_000, 30_000  # larger than any grid
    return max(worth_sending(model, media_resolution, width, height))


def text_tokens(text: str) -> int:
    """An estimate of the tokens of a text: one for 4 ASCII characters, one for any other character.

    Google's rule of thumb for English is 4 characters (ai.google.dev/gemini-api/docs/tokens).
    Other scripts take more per character; one token each leans to the dear side.
    """
    ascii_characters = len(text.encode("ascii", "ignore"))
    per_token = _facts()["text"]["characters_per_token"]
    return _divide_up(ascii_characters, per_token) + len(text) - ascii_characters


def _grid(budget: int, width: int, height: int) -> tuple[int, int]:
    """Columns and rows of the token grid: whole numbers throughout, so no root is off by one.

    >>> _grid(280, 4, 3)
    (19, 14)
    """
    columns = isqrt(budget * width // height)
    rows = isqrt(budget * height // width)
    return min(max(columns, 1), budget), min(max(rows, 1), budget)


def _tiles(width: int, height: int) -> int:
    """Tiles of a picture on Vertex, the overview included.

    >>> _tiles(700, 1003), _tiles(4000, 3000)
    (7, 25)
    """
    facts = _facts()["tiles"]
    if max(width, height) <= facts["single_tile_px"]:
        return 1
    side = max(min(width, height) * 2 // 3, facts["least_side_px"])
    side = min(side, facts["most_side_px"])
    return _divide_up(width, side) * _divide_up(height, side) + 1


def _longest_side(px: int, width: int, height: int) -> tuple[int, int]:
    """The box that a picture fills when its longest side is `px`."""
    longest = max(width, height)
    return px * width // longest, px * height // longest


def _cover(width: int, height: int, grid_width: int, grid_height: int) -> tuple[int, int]:
    """The smallest size in the shape of the picture that fills the grid, or the picture's own."""
    if grid_width >= width or grid_height >= height:
        return width, height
    if grid_width * height >= grid_height * width:
        return grid_width, _divide_up(grid_width * height, width)
    return _divide_up(grid_height * width, height), grid_height


def _divide_up(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise ValueError(
            f"a picture of {width} x {height} px has no pixels; both must be 1 or more"
        )


def _rule(model: Model, media_resolution: MediaResolution | None) -> Mapping[str, Any]:
    if model.image_output:  # it takes no media resolution, so that what is sent has the usual one
        return _rules()[model.generation, None]
    if media_resolution is not None and media_resolution not in model.media_resolutions:
        offered = ", ".join(model.media_resolutions)
        raise ModelError(
            f'model "{model.name}" does not offer media resolution "{media_resolution}". '
            f"It offers: {offered}."
        )
    return _rules()[model.generation, media_resolution]


@cache
def _rules() -> Mapping[tuple[str, MediaResolution | None], Mapping[str, Any]]:
    return {
        (generation, _media_resolution(row["media_resolution"])): row
        for row in [*_facts()["grids"], *_facts()["flat"]]
        for generation in row["generations"]
    }


def _media_resolution(name: str) -> MediaResolution | None:
    return None if name == "unspecified" else MediaResolution(name)


@cache
def _facts() -> Mapping[str, Any]:
    text = (files("tierwise") / "facts" / "image_tokens.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
