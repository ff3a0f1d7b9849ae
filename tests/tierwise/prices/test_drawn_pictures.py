from datetime import date
from decimal import Decimal

import pytest

from tierwise.drawing_models import image_output_tokens
from tierwise.errors import ModelError
from tierwise.prices.drawn_pictures import image_output_cost
from tierwise.records import ServiceTier

STANDARD, BATCH = ServiceTier.STANDARD, ServiceTier.BATCH
FLASH_IMAGE = "gemini-3.1-flash-image"
TODAY = date(2026, 11, 21)


def usd(model: str, size: str, tier: ServiceTier, on: date = TODAY) -> Decimal:
    return Decimal(image_output_cost(model, size, tier, on)) / 1_000_000_000


@pytest.mark.parametrize(
    ("size", "tokens", "standard", "batch"),
    [
        ("512", 747, "0.04482", "0.02241"),  # published as 0.045 and 0.022
        ("1K", 1120, "0.0672", "0.0336"),  # 0.067 and 0.034
        ("2K", 1680, "0.1008", "0.0504"),  # 0.101 and 0.050
        ("4K", 2520, "0.1512", "0.0756"),  # 0.151 and 0.076
    ],
)
def test_the_published_cost_of_a_picture(size: str, tokens: int, standard: str, batch: str) -> None:
    assert image_output_tokens(FLASH_IMAGE, size) == tokens
    assert usd(FLASH_IMAGE, size, STANDARD) == tokens * Decimal(60) / 1_000_000 == Decimal(standard)
    assert usd(FLASH_IMAGE, size, BATCH) == tokens * Decimal(30) / 1_000_000 == Decimal(batch)


@pytest.mark.parametrize(
    ("size", "thousand", "thousand_batch"), [("1K", 67, 34), ("2K", 101, 50), ("4K", 151, 76)]
)
def test_the_published_cost_of_a_thousand_pictures(
    size: str, thousand: int, thousand_batch: int
) -> None:
    assert round(1000 * usd(FLASH_IMAGE, size, STANDARD)) == thousand
    assert round(1000 * usd(FLASH_IMAGE, size, BATCH)) == thousand_batch


@pytest.mark.parametrize(
    ("size", "each", "volume"), [("1K", 67, 670), ("2K", 101, 1010), ("4K", 151, 1510)]
)
def test_the_published_cost_of_ten_thousand_pictures_is_of_rounded_ones(
    size: str, each: int, volume: int
) -> None:
    assert round(1000 * usd(FLASH_IMAGE, size, STANDARD)) == each
    assert 10 * each == volume  # exactly it is $672, $1,008 and $1,512
    assert abs(10_000 * usd(FLASH_IMAGE, size, STANDARD) - volume) <= 2


def test_the_ladder_is_dated_for_another_model_costs_half_at_1k() -> None:
    now = date(2026, 12, 1)
    banana = {
        size: usd("gemini-nano-banana-2.1", size, STANDARD, now) for size in ("1K", "2K", "4K")
    }
    assert list(banana.values()) == [Decimal("0.0336"), Decimal("0.0504"), Decimal("0.1134")]
    assert banana["1K"] * 2 == usd(FLASH_IMAGE, "1K", STANDARD, now)
    assert banana["1K"] < usd("gemini-2.5-flash-image", "1K", STANDARD, now)
    assert usd("gemini-3.1-flash-lite-image", "1K", BATCH, now) == Decimal("0.0168")


def test_the_price_checked_in_april_still_stands_for_the_preview() -> None:
    april = date(2026, 4, 4)
    assert usd("gemini-3.1-flash-image-preview", "1K", STANDARD, april) == Decimal("0.0672")


def test_the_other_published_models() -> None:
    while_it_lived = date(2026, 10, 1)
    assert usd("gemini-2.5-flash-image", "1K", STANDARD, while_it_lived) == Decimal("0.0387")
    assert usd("gemini-2.5-flash-image", "1K", BATCH, while_it_lived) == Decimal("0.01935")
    for size in ("1K", "2K"):
        assert usd("gemini-3-pro-image", size, STANDARD) == Decimal("0.1344")
        assert usd("gemini-3-pro-image", size, BATCH) == Decimal("0.0672")
    assert usd("gemini-3-pro-image", "4K", STANDARD) == Decimal("0.24")


def test_a_lower_case_k_is_refused_with_the_right_spelling() -> None:
    with pytest.raises(ModelError, match=r'512, 1K, 2K, 4K, not "1k"\. Write "1K"'):
        image_output_tokens(FLASH_IMAGE, "1k")


@pytest.mark.parametrize("size", ["", "1024", "8K", "K1"])
def test_other_sizes_are_refused_with_those_there_are(size: str) -> None:
    with pytest.raises(ModelError, match="draws 512, 1K, 2K, 4K"):
        image_output_tokens(FLASH_IMAGE, size)


def test_a_model_that_draws_nothing_is_refused() -> None:
    with pytest.raises(ModelError, match="not known"):
        image_output_tokens("gemini-3.1-flash-lite", "1K")
