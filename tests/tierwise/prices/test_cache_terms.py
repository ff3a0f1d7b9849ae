"""When a cache pays, and what it costs."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.models import all_models
from tierwise.prices.cache_terms import LIFETIME, CacheTerms, cache_terms
from tierwise.prices.prices import find_price
from tierwise.records import ServiceTier

DAY = date(2026, 11, 29)


def terms_of(model: str, tier: ServiceTier = ServiceTier.STANDARD, on: date = DAY) -> CacheTerms:
    standard = find_price(model, ServiceTier.STANDARD, on)
    found = cache_terms(standard, find_price(model, tier, on))
    assert found
    return found


def amounts() -> st.SearchStrategy[Decimal]:
    return st.decimals(0, 20, allow_nan=False, places=4)


@given(
    st.builds(CacheTerms, amounts(), amounts(), amounts(), amounts()),
    st.integers(1024, 200_000),
    st.timedeltas(timedelta(seconds=1), timedelta(days=2)),
)
def test_who_makes_caches_where_they_pay_never_pays_more_than_who_makes_none(
    terms: CacheTerms, tokens: int, life: timedelta
) -> None:
    def per_token(usd_per_mtok: Decimal) -> Fraction:
        return Fraction(usd_per_mtok) * 1000

    hours = Fraction(life // timedelta(microseconds=1), 3_600_000_000)
    written = tokens * (per_token(terms.write) + per_token(terms.storage) * hours)
    assert abs(terms.cost(tokens, life) - written) <= 1
    need = terms.break_even(life)
    saved = terms.uncached - terms.cached
    assert (need is None) == (saved <= 0)
    if need is None or need > 10**9:
        return
    each = tokens * per_token(saved)
    # With as many requests as it says a cache costs no more than none, and with one less it does.
    assert written <= need * each
    assert need == 1 or written > (need - 1) * each
    for requests in (0, 1, need - 1, need, 10 * need):
        # Nano-dollars are rounded for the cache twice, and in each request with and without it.
        exact = requests * each - written
        assert abs(terms.saved(tokens, requests, life) - exact) <= requests + 1


def test_a_few_requests_pay_for_a_cache_of_every_model_that_has_one() -> None:
    for model in all_models():
        if model.explicit_cache_tokens is None or model.shutdown or model.image_output:
            continue
        standard = find_price(model.name, ServiceTier.STANDARD, DAY)
        for tier in model.service_tiers:
            terms = cache_terms(standard, find_price(model.name, tier, DAY))
            if terms:
                assert terms.break_even(LIFETIME) in range(1, 6), (model.name, tier)
                assert terms.break_even(LIFETIME, made=True) in range(1, 4)


def test_a_day_of_an_8000_token_prompt_by_hand() -> None:
    terms = terms_of("gemini-3.1-flash-lite")
    # 8,000 tokens at $0.25 and for 24 hours at $1.00, per million.
    assert terms.cost(8000, timedelta(days=1)) == 2_000_000 + 192_000_000
    # Each request saves 8,000 tokens at $0.225.
    assert terms.saved(8000, 1000, timedelta(days=1)) == 1_800_000_000 - 194_000_000


@pytest.mark.parametrize(
    ("on", "storage"), [(DAY, "0.50"), (date(2027, 1, 1), "1.00"), (date(2026, 12, 31), "0.50")]
)
def test_storage_has_dated_prices(on: date, storage: str) -> None:
    assert terms_of("gemini-3.8-flash", on=on).storage == Decimal(storage)


def test_rows_of_batch_jobs_pay_the_standard_price_of_cached_input() -> None:
    batch = find_price("gemini-3.1-flash-lite", ServiceTier.BATCH, DAY)
    assert batch.cached_input_usd_per_mtok == Decimal("0.0125")
    assert terms_of("gemini-3.1-flash-lite", ServiceTier.BATCH).cached == Decimal("0.025")


def test_a_model_without_a_price_of_storage_has_no_terms() -> None:
    price = find_price("gemini-3.1-pro-preview", ServiceTier.STANDARD, DAY)
    assert cache_terms(price, price) is None
