"""What the pictures cost that an image model draws.

The token counts stand in `facts/image_tokens.toml`, the prices in `facts/prices.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files

from tierwise.errors import ModelError, PriceError
from tierwise.prices.prices import find_price, nano_usd
from tierwise.records import ServiceTier

IMAGE_SIZES = ("512", "1K", "2K", "4K")


def drawing_models() -> Mapping[str, Mapping[str, int]]:
    """By model that draws, the tokens of a picture by its size."""
    return _sizes()


def image_output_tokens(model: str, size: str) -> int:
    """Tokens of one drawn picture; `size` is `512`, `1K`, `2K` or `4K`, spelt exactly so.

    Raises ModelError for a model whose count is not known and for a size it does not draw.
    """
    sizes = _sizes().get(model)
    if sizes is None:
        known = ", ".join(_sizes())
        raise ModelError(f'tokens of pictures drawn by "{model}" are not known. Known: {known}.')
    if size not in sizes:
        offered = ", ".join(sizes)
        hint = f' Write "{size.upper()}", with an upper-case K.' if size.upper() in sizes else ""
        raise ModelError(f'"{model}" draws {offered}, not "{size}".{hint}')
    return sizes[size]


def image_output_cost(
    model: str, size: str, tier: ServiceTier, on: date, *, vertex: bool = False
) -> int:
    """Nano-dollars of one drawn picture, without its prompt, rounded half up."""
    tokens = image_output_tokens(model, size)
    usd_per_mtok = find_price(model, tier, on, vertex=vertex).image_output_usd_per_mtok
    if usd_per_mtok is None:
        raise PriceError(f'no price for pictures drawn by "{model}" at "{tier}" is known.')
    return nano_usd(tokens * usd_per_mtok)


@cache
def _sizes() -> Mapping[str, Mapping[str, int]]:
    text = (files("tierwise") / "facts" / "image_tokens.toml").read_text(encoding="utf-8")
    return {row["model"]: row["sizes"] for row in tomllib.loads(text)["output_images"]}
