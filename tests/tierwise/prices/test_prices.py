from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.errors import PriceError
from tierwise.prices.price_rows import Price, load_prices
from tierwise.prices.prices import cost_nano_usd, find_price, published_prices
from tierwise.records import ServiceTier, Usage

STANDARD, FLEX, BATCH, PRIORITY = ServiceTier
TODAY = date(2026, 11, 21)
FLASH_LITE = "gemini-3.1-flash-lite"
NANO = 1_000_000_000

counts = st.integers(0, 2_000_000)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    cached = draw(counts)
    return Usage(
        input_tokens=cached + draw(counts),
        cached_tokens=cached,
        output_tokens=draw(counts),
        thought_tokens=draw(counts),
    )


def usd(
    model: str,
    tier: ServiceTier,
    on: date = TODAY,
    *,
    regional: bool = False,
    context_tokens: int = 0,
) -> tuple[str, ...]:
    price = find_price(model, tier, on, regional=regional, context_tokens=context_tokens)
    return tuple(
        format(value.normalize(), "f")
        for value in (
            price.input_usd_per_mtok,
            price.output_usd_per_mtok,
            price.cached_input_usd_per_mtok,
        )
    )


def test_the_price_of_the_default_model_at_each_tier() -> None:
    assert usd(FLASH_LITE, STANDARD) == ("0.25", "1.5", "0.025")
    assert usd(FLASH_LITE, BATCH) == ("0.125", "0.75", "0.0125")
    assert usd(FLASH_LITE, FLEX) == ("0.125", "0.75", "0.0125")
    assert usd(FLASH_LITE, PRIORITY) == ("0.45", "2.7", "0.045")


def test_cached_input_at_batch_is_halved_for_some_models_only() -> None:
    assert usd("gemini-3-flash-preview", BATCH)[2] == usd("gemini-3-flash-preview", STANDARD)[2]
    assert usd("gemini-3.5-flash-lite", BATCH)[2] == "0.02"
    assert usd("gemini-3.8-flash", BATCH)[2] == "0.0375"


@pytest.mark.parametrize("model", ["gemini-3.6-flash", "gemini-3.7-flash", "gemini-3.8-flash"])
def test_the_flash_models_double_with_the_new_year(model: str) -> None:
    assert usd(model, STANDARD, date(2026, 12, 31)) == ("0.75", "3.75", "0.075")
    assert usd(model, STANDARD, date(2027, 1, 1)) == ("1.5", "7.5", "0.15")
    for tier in ServiceTier:
        before = find_price(model, tier, date(2026, 12, 31))
        after = find_price(model, tier, date(2027, 1, 1))
        assert after.input_usd_per_mtok == 2 * before.input_usd_per_mtok
        assert after.output_usd_per_mtok == 2 * before.output_usd_per_mtok


@pytest.mark.parametrize("model", ["gemini-4-argon", "gemini-4-carbon"])
def test_the_introductory_price_of_gemini_4_ends_in_november(model: str) -> None:
    assert usd(model, STANDARD, date(2026, 11, 30)) == ("2", "10", "0.1")
    assert usd(model, STANDARD, date(2026, 12, 1)) == ("4", "20", "0.2")


@pytest.mark.parametrize(
    ("model", "standard", "half", "dear"),
    [
        ("gemini-4-hydrogen", ("1.5", "7.5", "0.075"), ("0.75", "3.75", "0.0375"), "13.5"),
        ("gemini-4-neon", ("3", "15", "0.15"), ("1.5", "7.5", "0.075"), "27"),
        ("gemini-4-carbon", ("2", "10", "0.1"), ("1", "5", "0.05"), "18"),
    ],
)
def test_gemini_4_costs_half_in_batch_and_at_flex(
    model: str, standard: tuple[str, ...], half: tuple[str, ...], dear: str
) -> None:
    assert usd(model, STANDARD) == standard
    assert usd(model, BATCH) == usd(model, FLEX) == half
    assert usd(model, PRIORITY)[1] == dear


def test_a_service_may_have_a_price_of_its_own() -> None:
    day = date(2026, 11, 29)
    cached = [
        find_price("gemini-3.5-flash-lite", FLEX, day, vertex=vertex).cached_input_usd_per_mtok
        for vertex in (False, True)
    ]
    assert cached == [Decimal("0.02"), Decimal("0.015")]


def test_above_200k_tokens_the_whole_request_is_dearer() -> None:
    assert usd("gemini-2.5-pro", STANDARD, context_tokens=200_000) == ("1.25", "10", "0.125")
    assert usd("gemini-2.5-pro", STANDARD, context_tokens=200_001) == ("2.5", "15", "0.25")
    assert usd(FLASH_LITE, STANDARD, context_tokens=1_000_000) == usd(FLASH_LITE, STANDARD)


def test_regional_endpoints_cost_a_tenth_more_where_google_says_so() -> None:
    assert usd(FLASH_LITE, STANDARD, regional=True) == ("0.275", "1.65", "0.0275")
    assert usd("gemini-2.5-pro", STANDARD, regional=True) == usd("gemini-2.5-pro", STANDARD)


@pytest.mark.parametrize(
    ("model", "tier", "day", "known"),
    [
        ("gemini-3-pro-image", FLEX, TODAY, "standard from 2026-05-28 until further notice"),
        ("gemini-2.5-flash", BATCH, date(2026, 12, 1), "batch from 2025-06-17 until 2026-12-01"),
        (FLASH_LITE, STANDARD, date(2026, 5, 6), "standard from 2026-05-07 until further notice"),
        ("gemini-9", STANDARD, TODAY, "the model is in no price row"),
    ],
)
def test_a_missing_price_is_an_error_that_says_what_there_is(
    model: str, tier: ServiceTier, day: date, known: str
) -> None:
    asked = f'no price is known for model "{model}" at service tier "{tier}" on {day}'
    with pytest.raises(PriceError, match=f"{asked}.*{known}"):
        find_price(model, tier, day)


def test_a_model_with_negotiated_prices_has_no_others() -> None:
    mine = load_prices(
        f"""
        [[prices]]
        model = "{FLASH_LITE}"
        from = 2026-01-01
        until = 2027-01-01
        source = "our contract"
        checked = 2026-11-20
        standard = {{ input_usd_per_mtok = "0.2", output_usd_per_mtok = "1.2" }}
        """,
        "mine.toml",
    )
    assert find_price(FLASH_LITE, STANDARD, TODAY, prices=mine).source == "our contract"
    other = find_price("gemini-3.8-flash", BATCH, TODAY, prices=mine)
    assert other == find_price("gemini-3.8-flash", BATCH, TODAY)
    with pytest.raises(PriceError, match="Known are: standard from 2026-01-01 until 2027-01-01"):
        find_price(FLASH_LITE, BATCH, TODAY, prices=mine)
    with pytest.raises(PriceError, match="Known are: standard from 2026-01-01 until 2027-01-01"):
        find_price(FLASH_LITE, STANDARD, date(2027, 1, 1), prices=mine)


def test_the_arithmetic_of_one_request() -> None:
    usage = Usage(
        input_tokens=1_300,
        image_tokens=1_064,
        cached_tokens=300,
        output_tokens=20,
        thought_tokens=80,
    )
    in_usd = (1_000 * Decimal("0.25") + 300 * Decimal("0.025") + 100 * Decimal("1.50")) / 1_000_000
    assert in_usd == Decimal("0.0004075")
    assert cost_nano_usd(usage, find_price(FLASH_LITE, STANDARD, TODAY)) == 407_500


def test_thoughts_cost_what_output_costs() -> None:
    price = find_price("gemini-3.8-flash", STANDARD, TODAY)
    thoughts = cost_nano_usd(Usage(thought_tokens=300), price)
    assert thoughts == cost_nano_usd(Usage(output_tokens=300), price) == 300 * 3_750


@pytest.mark.parametrize(("cached", "nano_usd"), [(1, 13), (2, 25), (3, 38)])
def test_half_a_nano_dollar_is_rounded_up_once_per_request(cached: int, nano_usd: int) -> None:
    # 12.5 nano-dollars for each cached token at batch
    price = find_price(FLASH_LITE, BATCH, TODAY)
    assert cost_nano_usd(Usage(input_tokens=cached, cached_tokens=cached), price) == nano_usd


@given(usages(), usages(), st.sampled_from(published_prices()))
def test_two_requests_cost_what_one_with_all_their_tokens_costs(
    one: Usage, other: Usage, price: Price
) -> None:
    apart = cost_nano_usd(one, price) + cost_nano_usd(other, price)
    assert abs(apart - cost_nano_usd(one + other, price)) <= 1  # each is rounded once


@given(usages(), usages())
def test_at_the_standard_price_costs_add_up_exactly(one: Usage, other: Usage) -> None:
    price = find_price(FLASH_LITE, STANDARD, TODAY)
    together = cost_nano_usd(one + other, price)
    assert cost_nano_usd(one, price) + cost_nano_usd(other, price) == together


@pytest.mark.parametrize(
    ("model", "tier", "tokens", "dollars"),
    [
        ("gemini-2.5-flash-lite", BATCH, 64, "3.2"),
        ("gemini-2.5-flash-lite", BATCH, 258, "12.9"),
        (FLASH_LITE, BATCH, 266, "33.25"),
        (FLASH_LITE, BATCH, 1064, "133"),
        (FLASH_LITE, STANDARD, 1064, "266"),
        ("gemini-3.5-flash-lite", BATCH, 266, "39.9"),
        ("gemini-3.8-flash", BATCH, 266, "99.75"),
        ("gemini-3.8-flash", STANDARD, 1064, "798"),
    ],
)
def test_the_cost_of_a_million_4_to_3_pictures(
    model: str, tier: ServiceTier, tokens: int, dollars: str
) -> None:
    million = Usage(input_tokens=tokens * 1_000_000)
    assert cost_nano_usd(million, find_price(model, tier, TODAY)) == Decimal(dollars) * NANO
