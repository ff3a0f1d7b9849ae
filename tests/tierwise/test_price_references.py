"""Our prices against two price libraries, wherever both have the row."""

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tierwise.forecast.vendors import vendor_models
from tierwise.price_rows import Price
from tierwise.prices import published_prices
from tierwise.records import ServiceTier

# Excerpts: every row of these models, as the packages (both MIT) had them on their release. Take
# newer ones together with new rows of our own.
REFERENCE = Path(__file__).parent / "reference"
LITELLM = REFERENCE / "litellm_1.109.1.tsv"
GENAI_PRICES = REFERENCE / "genai_prices_0.2.3.tsv"
STANDARD, BATCH = ServiceTier.STANDARD, ServiceTier.BATCH

TODAY = date(2026, 11, 21)
DAYS = [TODAY, date(2026, 12, 15), date(2027, 1, 15)]

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
GENAI_VARIANTS = {STANDARD: "standard", BATCH: '{"processing": "batch"}'}
GENAI_KEYS = {
    "input_mtok": "input_usd_per_mtok",
    "output_mtok": "output_usd_per_mtok",
    "cache_read_mtok": "cached_input_usd_per_mtok",
    "output_image_mtok": "image_output_usd_per_mtok",
}


def table(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines, delimiter="\t")


def ours_on(day: date) -> list[Price]:
    return [price for price in published_prices() if price.holds_on(day)]


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


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_genai_prices_agrees(day: date) -> None:
    theirs = genai_rows_on(day)
    compared = 0
    for price in ours_on(day):
        row = theirs.get((price.model, GENAI_VARIANTS.get(price.service_tier, "")), {})
        for key, ours in GENAI_KEYS.items():
            if key in row:
                usd_per_mtok = Decimal(at_step(row[key], price.context_above_tokens))
                assert getattr(price, ours) == usd_per_mtok, (price.model, key)
                compared += 1
    assert compared >= 50


def test_genai_prices_agrees_on_other_vendors() -> None:
    theirs = {row["model"]: row for row in table(GENAI_PRICES) if row["provider"] != "google"}
    assert len(vendor_models()) >= 8
    for model in vendor_models():
        usd = json.loads(theirs[model.name]["unit_prices_usd_json"])
        assert model.input_usd_per_mtok == Decimal(at_step(usd["input_mtok"], 0)), model.name
        assert model.output_usd_per_mtok == Decimal(at_step(usd["output_mtok"], 0)), model.name


def test_what_genai_prices_lacks_is_known_here() -> None:
    """It falls back to the standard price where a variant is missing; here that is an error."""
    theirs = genai_rows_on(TODAY)
    ours = {(price.model, price.service_tier) for price in ours_on(TODAY)}
    batched = GENAI_VARIANTS[BATCH]
    assert {m for m, tier in ours if tier is BATCH and (m, batched) not in theirs} == {
        *("gemini-3.5-flash", "gemini-3.7-flash", "gemini-3-pro-image", "gemini-3.1-flash-image")
    }
    # Of two models that draw, it has the previews, at the same prices.
    assert {m for m, tier in ours if (m, "standard") not in theirs} == {
        *("gemini-4-carbon", "gemini-3-pro-image", "gemini-3.1-flash-image")
    }
    assert not [row for row in theirs if "flex" in row[1] or "priority" in row[1]]


def genai_rows_on(day: date) -> Mapping[tuple[str, str], Mapping[str, object]]:
    """The newest row of each model and variant that has begun by that day."""
    begun = [
        row
        for row in table(GENAI_PRICES)
        if row["provider"] == "google" and row["start_date"] <= day.isoformat()
    ]
    begun.sort(key=lambda row: row["start_date"])
    return {
        (row["model"], row["variant"]): json.loads(row["unit_prices_usd_json"]) for row in begun
    }


def at_step(value: object, context_above_tokens: int) -> str:
    if not isinstance(value, dict):
        return str(value)
    steps: dict[int, str] = dict(value["tiers"])
    return steps[context_above_tokens] if context_above_tokens else str(value["base"])
