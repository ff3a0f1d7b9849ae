"""Who pays another price soon is told so."""

from __future__ import annotations

import re
from datetime import date

import pytest

from tierwise.errors import PriceError
from tierwise.prices.price_changes import price_warning
from tierwise.prices.price_rows import load_prices
from tierwise.records import ServiceTier

STANDARD, FLEX = ServiceTier.STANDARD, ServiceTier.FLEX
TODAY = date(2026, 11, 27)
LITE = "gemini-3.1-flash-lite"
CONTRACT = load_prices(
    f"""
    [[prices]]
    model = "{LITE}"
    from = 2026-01-01
    until = 2026-12-24
    source = "our contract"
    checked = 2026-11-20
    standard = {{ input_usd_per_mtok = "0.2", output_usd_per_mtok = "1.2" }}
    """,
    "mine.toml",
)


@pytest.mark.parametrize(
    ("model", "tier", "told"),
    [
        ("gemini-3.8-flash", STANDARD, "0.75 / 3.75 USD per million tokens in / out, and 1.50 / 7"),
        ("gemini-3.8-flash", FLEX, "at flex costs 0.375 / 1.875 USD .* 2027-01-01, in 35 days"),
        ("gemini-4-argon", STANDARD, "costs 2 / 10 USD .*, and 4 / 20 from 2026-12-01, in 4 days"),
        ("gemini-2.5-flash", STANDARD, "ends with 2026-12-01, in 4 days; none is known from then"),
    ],
)
def test_a_change_within_two_months_is_told_with_both_prices(
    model: str, tier: ServiceTier, told: str
) -> None:
    assert re.search(told, price_warning(model, tier, TODAY) or "")


def test_a_change_that_is_far_off_or_over_is_no_news() -> None:
    assert price_warning("gemini-3.8-flash", STANDARD, date(2026, 11, 1)) is None
    assert price_warning("gemini-3.8-flash", STANDARD, date(2026, 11, 2))
    assert price_warning("gemini-3.8-flash", STANDARD, date(2027, 1, 1)) is None
    assert price_warning(LITE, STANDARD, TODAY) is None


def test_a_contract_that_ends_is_told_though_the_list_price_goes_on() -> None:
    warning = price_warning(LITE, STANDARD, TODAY, prices=CONTRACT)
    assert warning
    assert "ends with 2026-12-24, in 27 days" in warning
    assert "Give the next one with --prices." in warning


def test_without_a_price_today_there_is_nothing_to_compare() -> None:
    with pytest.raises(PriceError, match="no price is known"):
        price_warning(LITE, STANDARD, date(2020, 1, 1))
