"""Every number of docs/figures.md, from prices and token rules."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from genai_prices.data import providers

import tierwise
from tierwise.drawing_models import image_output_tokens
from tierwise.errors import ModelError
from tierwise.models import find_model
from tierwise.prices.drawn_pictures import image_output_cost
from tierwise.prices.prices import cost_nano_usd, find_price
from tierwise.records import MediaResolution, ServiceTier, Usage
from tierwise.tiers import image_tokens

PAGE = (Path(__file__).parents[2] / "docs/figures.md").read_text("utf-8")
STANDARD, BATCH = ServiceTier.STANDARD, ServiceTier.BATCH
TODAY = date(2026, 11, 23)
DRAWING, FLASH_LITE = "gemini-3.1-flash-image", "gemini-3.1-flash-lite"
HD = (1920, 1080)
ROW = re.compile(r"\| (512|1K|2K|4K) \| (\d+) \| ([\d.]+) \| ([\d.]+) \| (\d+) \| (\d+) \|")


def drawn(size: str, tier: ServiceTier, model: str = DRAWING, on: date = TODAY) -> Decimal:
    return Decimal(image_output_cost(model, size, tier, on)).scaleb(-9)


def library(model: str) -> tuple[str, str]:
    [found] = [
        one
        for provider in providers
        for one in provider.models
        if provider.id in ("anthropic", "openai") and one.id == model
    ]
    usd = found.get_prices(datetime(2026, 11, 23, tzinfo=UTC))
    return str(usd.input_mtok), str(usd.output_mtok)


@pytest.mark.parametrize("row", ROW.findall(PAGE), ids=lambda row: row[0])
def test_pictures_that_are_drawn(row: tuple[str, ...]) -> None:
    size, tokens, standard, batch, thousand, thousand_batch = row
    assert image_output_tokens(DRAWING, size) == int(tokens)
    assert round(drawn(size, STANDARD), 3) == Decimal(standard)
    assert round(drawn(size, BATCH), 3) == Decimal(batch)
    assert round(1000 * drawn(size, STANDARD)) == int(thousand)
    assert round(1000 * drawn(size, BATCH)) == int(thousand_batch)


def test_the_other_models_that_draw() -> None:
    assert len(ROW.findall(PAGE)) == 4
    alive = date(2026, 10, 1)
    assert round(drawn("1K", STANDARD, "gemini-2.5-flash-image", alive), 3) == Decimal("0.039")
    assert round(drawn("1K", BATCH, "gemini-2.5-flash-image", alive), 3) == Decimal("0.019")
    assert find_model("gemini-2.5-flash-image").shutdown == date(2027, 3, 15)
    pro = {size: drawn(size, STANDARD, "gemini-3-pro-image") for size in ("1K", "2K", "4K")}
    assert [round(pro[size], 3) for size in pro] == [Decimal("0.134")] * 2 + [Decimal("0.240")]
    assert drawn("4K", BATCH, "gemini-3-pro-image") * 2 == pro["4K"]
    assert 10_000 * drawn("1K", STANDARD) == 672


def test_a_price_needs_its_modality() -> None:
    price = find_price("gemini-3.1-flash-image-preview", STANDARD, date(2026, 4, 4))
    assert price.image_output_usd_per_mtok == 60
    assert price.output_usd_per_mtok == 3


@pytest.mark.parametrize(
    ("model", "usd"),
    [
        ("claude-3-5-haiku-latest", ("0.8", "4")),
        ("claude-3-haiku", ("0.25", "1.25")),
        ("claude-3-opus-latest", ("15", "75")),
        ("gpt-4o", ("2.5", "10")),
    ],
)
def test_prices_of_other_vendors(model: str, usd: tuple[str, str]) -> None:
    assert library(model) == usd


def test_a_model_that_is_gone_is_not_known() -> None:
    with pytest.raises(ModelError, match="not known"):
        find_model("gemini-1.5-pro")


def test_tokens_of_a_picture() -> None:
    levels = [MediaResolution.LOW, MediaResolution.MEDIUM, MediaResolution.HIGH]
    assert [image_tokens(FLASH_LITE, level, *HD) for level in levels] == [264, 527, 1100]
    old = "gemini-2.5-flash"
    assert image_tokens(old, None, *HD) == 258
    assert image_tokens(old, None, *HD, vertex=True) == 1806


def test_pages_of_a_pdf() -> None:
    facts = tomllib.loads((Path(tierwise.__file__).parent / "facts/image_tokens.toml").read_text())
    pages = {
        row["media_resolution"]: row["tokens"]
        for row in facts["pdf_pages"]
        if "3" in row["generations"]
    }
    assert (pages["low"], pages["medium"]) == (280, 560)


def test_bytes_are_not_billed() -> None:
    assert 12_000_000 // 1_000 * 100 == 1_200_000
    large, small = (3840, 2160), (512, 288)
    for level in MediaResolution:
        assert image_tokens(FLASH_LITE, level, *large) == image_tokens(FLASH_LITE, level, *small)
    levels = (MediaResolution.LOW, MediaResolution.HIGH)
    low, high = (image_tokens(FLASH_LITE, level, 4, 3) for level in levels)
    assert round(1 - low / high, 2) == 0.75


def test_output_is_the_dear_part() -> None:
    price = find_price(FLASH_LITE, STANDARD, TODAY)
    assert price.output_usd_per_mtok == 6 * price.input_usd_per_mtok
    low = image_tokens(FLASH_LITE, MediaResolution.LOW, 4, 3)
    assert round(180 * 6 / low) == 4


def test_two_steps_save_where_the_writer_is_cheap() -> None:
    looker = "gemini-3.1-pro-preview"

    def usd(model: str, tokens_in: int, tokens_out: int) -> Decimal:
        usage = Usage(input_tokens=tokens_in, output_tokens=tokens_out)
        return Decimal(cost_nano_usd(usage, find_price(model, STANDARD, TODAY))).scaleb(-9)

    prompt, picture = 40, image_tokens(FLASH_LITE, MediaResolution.LOW, 4, 3)
    one = usd(looker, prompt + picture, 600)
    two = usd(looker, prompt + picture, 40) + usd(FLASH_LITE, prompt + 40, 600)
    assert (round(one, 4), round(two, 4)) == (Decimal("0.0078"), Decimal("0.0020"))
    assert round(1 - two / one, 2) == Decimal("0.74")
    cheap = usd(FLASH_LITE, prompt + picture, 600)
    both = usd(FLASH_LITE, prompt + picture, 40) + usd(FLASH_LITE, prompt + 40, 600)
    assert round(both / cheap, 2) == Decimal("1.08")
