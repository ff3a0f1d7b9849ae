"""When a later round is asked at once: by its size, and by what that costs more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.batches.small_rounds import asked_at_once
from tierwise.records import ServiceTier

FLEX, STANDARD = ServiceTier.FLEX, ServiceTier.STANDARD
CENT = 10_000_000


@pytest.mark.parametrize(
    ("requests", "extra", "paid", "fallback", "at_once"),
    [
        (1_000, 0, 0, FLEX, True),
        (1_001, 0, 10**12, FLEX, False),
        (1_000, CENT, 0, STANDARD, True),
        (1_000, CENT + 1, 0, STANDARD, False),
        (1_000, 2 * CENT, 100 * CENT, STANDARD, True),
        (1_000, 2 * CENT + 1, 100 * CENT, STANDARD, False),
        (1_001, 1, 10**12, STANDARD, False),
        (1, 0, 10**12, None, False),
    ],
)
def test_the_rule(
    requests: int, extra: int, paid: int, fallback: ServiceTier | None, at_once: bool
) -> None:
    assert asked_at_once(requests, extra, paid, fallback) is at_once


@given(
    requests=st.integers(1, 2_000),
    extra=st.integers(0, 10 * CENT),
    paid=st.integers(0, 1_000 * CENT),
    fallback=st.sampled_from([FLEX, STANDARD]),
)
def test_fewer_and_cheaper_never_wait_for_more(
    requests: int, extra: int, paid: int, fallback: ServiceTier
) -> None:
    if asked_at_once(requests, extra, paid, fallback):
        assert asked_at_once(requests // 2, extra // 2, paid, fallback)
        assert asked_at_once(requests, extra, paid + CENT, fallback)
        assert extra <= max(CENT, paid // 50)
