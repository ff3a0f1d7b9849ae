"""What a cap sets aside for caches: enough for the first minutes of each, if it is not tiny."""

from __future__ import annotations

from datetime import date, timedelta

from tests.tierwise.forecast.one_task import tasks_of
from tierwise.forecast.cached_prompts import held_for_caches, terms_of
from tierwise.forecast.rates import Rates
from tierwise.records import ServiceTier

RATES = Rates(date(2026, 12, 1))
PROMPT = "a word " * 3_000
USD = 10**9


def held(cap: int) -> int:
    return held_for_caches(tasks_of(prompt=PROMPT).tasks, RATES, cap)


def worst(minutes: int) -> int:
    terms = terms_of("gemini-3.1-flash-lite", ServiceTier.STANDARD, RATES)
    assert terms
    words = len(PROMPT.strip()) + len("yes") + len("no")  # bytes, for tokens are at most so many
    return terms.cost(2 * words, timedelta(minutes=minutes))


def test_a_large_cap_holds_a_day_of_storage_and_a_smaller_one_a_twentieth() -> None:
    assert held(1000 * USD) == worst(24 * 60)
    cap = 10 * worst(24 * 60)
    assert held(cap) == cap // 20 > worst(5)


def test_a_small_cap_holds_what_the_first_minutes_take() -> None:
    """A twentieth of it would be too little for any cache, and all would be asked without."""
    cap = 8 * worst(5)
    assert cap // 20 < held(cap) == worst(5)


def test_of_a_tiny_cap_no_more_than_a_quarter_is_held() -> None:
    cap = 2 * worst(5)
    assert held(cap) == cap // 4 < worst(5)
