"""What a usage costs: model, service tier, day, endpoint and size of the request decide.

The prices stand in `facts/prices.toml`, dated and with their source. Money is integer nano-dollars
(1 USD = 1,000,000,000), rounded once per request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files

from tierwise.answerer import ServiceKind
from tierwise.errors import PriceError
from tierwise.prices.price_rows import Price, load_prices
from tierwise.records import ServiceTier, Usage

# 1 USD per million tokens is a thousand nano-dollars per token.
_NANO_USD_PER_TOKEN = 1000


@cache
def published_prices() -> tuple[Price, ...]:
    """Google's list prices as known to this version of tierwise."""
    path = files("tierwise") / "facts" / "prices.toml"
    return load_prices(path.read_text(encoding="utf-8"), "tierwise/facts/prices.toml")


def find_price(
    model: str,
    tier: ServiceTier,
    on: date,
    *,
    vertex: bool = False,
    regional: bool = False,
    context_tokens: int = 0,
    prices: Sequence[Price] = (),
) -> Price:
    """The price of one request to a model at a service tier on a day.

    `vertex` is who bills it, `regional` any Vertex endpoint but the global one; `context_tokens` is
    the whole prompt of the request, which may lift all of it to a dearer step. A model that is in
    `prices`, which were negotiated, has no others: where they end, the list price is not silently
    taken. A row of the service itself goes before one of both.
    Raises PriceError, naming what there is, when no row fits: a price is never guessed.
    """
    rows = rows_of(model, prices, vertex=vertex)
    fitting = [
        row
        for row in rows
        if row.service_tier == tier
        and row.holds_on(on)
        and (row.context_above_tokens == 0 or context_tokens > row.context_above_tokens)
    ]
    if not fitting:
        raise PriceError(_no_price(model, tier, on, rows))
    price = max(fitting, key=lambda row: (row.context_above_tokens, row.service is not None))
    return _at_regional_endpoint(price) if regional else price


def rows_of(model: str, prices: Sequence[Price] = (), *, vertex: bool = False) -> list[Price]:
    """All price rows of a model at a service: negotiated ones where there are any, else lists'."""
    service = ServiceKind.VERTEX if vertex else ServiceKind.DEVELOPER
    negotiated = [row for row in prices if row.model == model]
    rows = negotiated or _published_by_model().get(model, [])
    return [row for row in rows if row.service in (None, service)]


@cache
def _published_by_model() -> dict[str, list[Price]]:
    found: dict[str, list[Price]] = {}
    for row in published_prices():
        found.setdefault(row.model, []).append(row)
    return found


def cost_nano_usd(usage: Usage, price: Price) -> int:
    """Nano-dollars for the tokens of one request, rounded half up once.

    Cached tokens are part of the input, those of a drawn picture part of the output, and each cost
    their own price; thoughts cost what text costs. Raises PriceError where a picture has no price.
    """
    drawn = Decimal(0)
    if usage.drawn_tokens:
        if price.image_output_usd_per_mtok is None:
            raise PriceError(
                f'no price is known for pictures drawn by "{price.model}" at service tier '
                f'"{price.service_tier}". Give it with --prices (image_output_usd_per_mtok).'
            )
        drawn = usage.drawn_tokens * (price.image_output_usd_per_mtok - price.output_usd_per_mtok)
    return nano_usd(
        (usage.input_tokens - usage.cached_tokens) * price.input_usd_per_mtok
        + usage.cached_tokens * price.cached_input_usd_per_mtok
        + (usage.output_tokens + usage.thought_tokens) * price.output_usd_per_mtok
        + drawn
    )


def nano_usd(tokens_times_usd_per_mtok: Decimal) -> int:
    """Whole nano-dollars of tokens times their price per million, rounded half up."""
    exact = tokens_times_usd_per_mtok * _NANO_USD_PER_TOKEN
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _at_regional_endpoint(price: Price) -> Price:
    factor = price.regional_multiplier
    image_output, storage = price.image_output_usd_per_mtok, price.cache_storage_usd_per_mtok_hour
    return replace(
        price,
        input_usd_per_mtok=price.input_usd_per_mtok * factor,
        output_usd_per_mtok=price.output_usd_per_mtok * factor,
        cached_input_usd_per_mtok=price.cached_input_usd_per_mtok * factor,
        image_output_usd_per_mtok=None if image_output is None else image_output * factor,
        cache_storage_usd_per_mtok_hour=None if storage is None else storage * factor,
    )


def _no_price(model: str, tier: ServiceTier, on: date, known: Sequence[Price]) -> str:
    asked = f'no price is known for model "{model}" at service tier "{tier}" on {on}'
    if not known:
        return f"{asked}: the model is in no price row. Give its price with --prices."
    there = "; ".join(
        f"{row.service_tier} from {row.valid_from} until {row.valid_until or 'further notice'}"
        for row in known
        if row.context_above_tokens == 0
    )
    return f"{asked}. Known are: {there}. Choose one of them, or give the price with --prices."
