"""Our prices against two price libraries, wherever both have the row."""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices import calc_price
from genai_prices.data import providers
from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

from tierwise.prices.price_rows import Price
from tierwise.prices.prices import cost_nano_usd, published_prices
from tierwise.records import ServiceTier, Usage

# An excerpt: every row of these models, as the package (MIT) had them on its release.
LITELLM = Path(__file__).parent / "reference" / "litellm_1.109.1.tsv"
STANDARD, BATCH = ServiceTier.STANDARD, ServiceTier.BATCH

TODAY = date(2026, 11, 21)
LITELLM_COLUMNS = {
    STANDARD: {
        "input_cost_per_token": "input_usd_per_mtok",
        "output_cost_per_token": "output_usd_per_mtok",
        "cache_read_input_token_cost": "cached_input_usd_per_mtok",
    },
    BATCH: {
        "input_cost_per_token_batches": "input_usd_per_mtok",
        "output_cost_per_token_batches": "output_usd_per_mtok",
    },
}
# The installed genai-prices: its prices in USD per million tokens, and their names here.
GENAI_PRICES = {
    (provider.id, model.id): model for provider in providers for model in provider.models
}
GENAI_KEYS = {
    "input_mtok": "input_usd_per_mtok",
    "output_mtok": "output_usd_per_mtok",
    "cache_read_mtok": "cached_input_usd_per_mtok",
    "output_image_mtok": "image_output_usd_per_mtok",
}
IN_BATCH = {"processing": "batch"}
BATCH_SINCE = date(2026, 10, 15)  # of before it knows none
# Where it has no batch price it silently takes the standard one: no row to compare with.
WITHOUT_BATCH = {"gemini-2.5-flash-image", "gemini-3.5-flash", "gemini-3.7-flash"}
# Unknown to it. Of the two that draw it has the previews, at the same prices.
UNKNOWN = {
    *("gemini-3-pro-image", "gemini-3.1-flash-image"),
    *("gemini-4-carbon", "gemini-4-hydrogen", "gemini-4-neon"),
}


def table(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines, delimiter="\t")


def ours_on(day: date) -> list[Price]:
    """What holds on the Developer API."""
    return [price for price in published_prices() if price.holds_on(day) and not price.service]


def test_litellm_agrees() -> None:
    theirs = {row["model"]: row for row in table(LITELLM)}
    compared = 0
    for price in ours_on(TODAY):
        row = theirs.get(f"gemini/{price.model}", {})
        for column, ours in LITELLM_COLUMNS.get(price.service_tier, {}).items():
            if row.get(column) and not price.context_above_tokens:
                usd_per_mtok = Decimal(row[column]) * 1_000_000
                assert getattr(price, ours) == usd_per_mtok, (price.model, column)
                compared += 1
    assert compared >= 70


def test_litellm_agrees_above_200k_tokens() -> None:
    theirs = {row["model"]: row for row in table(LITELLM)}
    steps = [price for price in ours_on(TODAY) if price.context_above_tokens]
    assert {price.context_above_tokens for price in steps} == {200_000}
    for price in steps:
        row = theirs[f"gemini/{price.model}"]
        standard = Decimal(row["input_cost_per_token_above_200k_tokens"]) * 1_000_000
        if price.service_tier is STANDARD:
            assert price.input_usd_per_mtok == standard


@pytest.mark.parametrize("price", published_prices(), ids=lambda price: price.model)
def test_genai_prices_agrees(price: Price) -> None:
    """On the first and the last day of every row that both have; the last may be far off."""
    first = max(price.valid_from, BATCH_SINCE) if price.service_tier is BATCH else price.valid_from
    last = (price.valid_until or date(2030, 1, 1)) - timedelta(days=1)
    for day in (first, last) if price.holds_on(first) and both_have(price) else ():
        theirs = vars(genai_prices_of(price.model, price.service_tier, day))
        names = {key: name for key, name in GENAI_KEYS.items() if key in theirs}
        assert names
        for key, name in names.items():
            assert getattr(price, name) == at_step(theirs[key], price), (day, key)


def test_most_rows_are_compared() -> None:
    compared = [price for price in published_prices() if both_have(price)]
    assert len(compared) >= 37
    assert {price.service_tier for price in compared} == {STANDARD, BATCH}


def test_what_genai_prices_lacks_is_known_here() -> None:
    """Where a variant is missing, it takes the standard price in silence; here that is an error."""
    models = {price.model for price in published_prices()}
    assert {model for model in models if ("google", model) not in GENAI_PRICES} == UNKNOWN
    batched = {price.model for price in published_prices() if price.service_tier is BATCH}
    assert {model for model in batched - UNKNOWN if not has_batch(model)} == WITHOUT_BATCH
    for model in models - UNKNOWN:
        theirs = GENAI_PRICES["google", model]
        for key, tier in product(("processing", "service_tier"), ("flex", "priority")):
            assert theirs.get_prices(at(TODAY), {key: tier}) == theirs.get_prices(at(TODAY))


@pytest.mark.parametrize("model", ["gemini-3.1-flash-lite", "gemini-3.8-flash", "gemini-2.5-pro"])
@pytest.mark.parametrize("tier", [STANDARD, BATCH])
@pytest.mark.parametrize("tokens", [280, 200_000, 200_001])
def test_genai_prices_bills_a_usage_alike(model: str, tier: ServiceTier, tokens: int) -> None:
    """Cached tokens are part of the input, thoughts cost as output, steps lift all of it."""
    usage = Usage(input_tokens=tokens, cached_tokens=80, output_tokens=30, thought_tokens=12)
    rows = [
        price
        for price in ours_on(TODAY)
        if (price.model, price.service_tier) == (model, tier)
        and tokens > price.context_above_tokens
    ]
    theirs = calc_price(
        TheirUsage(input_tokens=tokens, cache_read_tokens=80, output_tokens=30 + 12),
        model,
        provider_id="google",
        genai_request_timestamp=at(TODAY),
        price_context=context(tier),
    )
    ours = cost_nano_usd(usage, max(rows, key=lambda price: price.context_above_tokens))
    assert ours == round(theirs.total_price.scaleb(9))


def both_have(price: Price) -> bool:
    lacking = UNKNOWN | WITHOUT_BATCH if price.service_tier is BATCH else UNKNOWN
    known = price.service_tier in (STANDARD, BATCH) and price.model not in lacking
    return known and not price.service


def genai_prices_of(model: str, tier: ServiceTier, day: date) -> ModelPrice:
    return GENAI_PRICES["google", model].get_prices(at(day), context(tier))


def context(tier: ServiceTier) -> dict[str, str] | None:
    return IN_BATCH if tier is BATCH else None


def has_batch(model: str) -> bool:
    theirs: ModelInfo = GENAI_PRICES["google", model]
    return any(variant.when == IN_BATCH for variant in theirs.price_variants or ())


def at_step(value: Decimal | TieredPrices, price: Price) -> Decimal:
    if isinstance(value, Decimal):
        return value
    steps = {0: value.base, **{tier.start: tier.price for tier in value.tiers}}
    return steps[price.context_above_tokens]


def base(value: Decimal | TieredPrices | None) -> Decimal | None:
    return value.base if isinstance(value, TieredPrices) else value


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
