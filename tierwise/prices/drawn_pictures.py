"""What the pictures cost that an image model draws, and models in the place of one that is over.

The token counts stand in `facts/image_tokens.toml`, the prices in `facts/prices.toml`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from tierwise.drawing_models import (
    DEFAULT_SIZE,
    drawing_models,
    image_output_tokens,
    successors_of,
)
from tierwise.errors import ModelError, PriceError
from tierwise.models import Model, check_alive, find_model
from tierwise.prices.price_rows import Price
from tierwise.prices.prices import find_price, nano_usd
from tierwise.records import ServiceTier


def image_output_cost(
    model: str,
    size: str,
    tier: ServiceTier,
    on: date,
    *,
    vertex: bool = False,
    prices: Sequence[Price] = (),
) -> int:
    """Nano-dollars of one drawn picture, without its prompt, rounded half up.

    Raises ModelError for a size that the model does not draw, PriceError where no price is known.
    """
    tokens = image_output_tokens(model, size)
    price = find_price(model, tier, on, vertex=vertex, prices=prices)
    if price.image_output_usd_per_mtok is None:
        raise PriceError(f'no price for pictures drawn by "{model}" at "{tier}" is known.')
    return nano_usd(tokens * price.image_output_usd_per_mtok)


def check_still_there(model: Model, on: date) -> str | None:
    """As `check_alive`; of a model that draws and is over, what draws now and for how much."""
    try:
        return check_alive(model, on)
    except ModelError as over:
        if not model.image_output:
            raise
        told = "; ".join(_told(name, on, vertex=model.vertex) for name in _instead(model, on))
        raise ModelError(f"{over} These draw now: {told}.") from over


def alive_and_drawing(on: date, *, vertex: bool = False) -> Iterator[str]:
    """The models that draw on that day."""
    for name in drawing_models():
        try:
            check_alive(find_model(name, vertex=vertex), on)
        except ModelError:  # it has been shut down
            continue
        yield name


def _instead(model: Model, on: date) -> list[str]:
    """The models that draw on that day, those that Google names first."""
    there = list(alive_and_drawing(on, vertex=model.vertex))
    named = [name for name in successors_of(model.name) if name in there]
    return list(dict.fromkeys([*named, *there]))


def _told(name: str, on: date, *, vertex: bool) -> str:
    usd = [
        Decimal(image_output_cost(name, DEFAULT_SIZE, tier, on, vertex=vertex)).scaleb(-9)
        for tier in (ServiceTier.STANDARD, ServiceTier.BATCH)
    ]
    return f'"{name}" (${usd[0]:.4f} a picture of {DEFAULT_SIZE}, ${usd[1]:.4f} in batch)'
