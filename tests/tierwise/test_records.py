"""Shares add up to the whole, to the token and the nano-dollar."""

from __future__ import annotations

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from tierwise.records import ImageFile, Spent, Usage

COUNTS = st.integers(0, 10**15)
SPENT = st.builds(
    Spent, st.builds(Usage, *[COUNTS] * 5), cost=COUNTS, requests=COUNTS, maybe_billed=COUNTS
)


@given(SPENT, st.integers(1, 50))
def test_shares_are_exact_and_even(spent: Spent, images: int) -> None:
    shares = spent.shares(images)
    assert len(shares) == images
    assert sum(shares, Spent()) == spent
    for field in fields(Usage):
        tokens = [getattr(share.usage, field.name) for share in shares]
        assert max(tokens) - min(tokens) <= 1
    assert max(s.cost for s in shares) - min(s.cost for s in shares) <= 1


@given(SPENT, SPENT, SPENT)
def test_spendings_are_added_in_any_order(a: Spent, b: Spent, c: Spent) -> None:
    assert (a + b) + c == c + (b + a)
    assert a + Spent() == a


def test_one_image_counts_the_request() -> None:
    assert [share.requests for share in Spent(requests=1).shares(3)] == [1, 0, 0]


def test_a_files_name_is_the_last_part_of_its_address() -> None:
    assert ImageFile("gs://b/a/c d.jpg", "", 0, "").name == "c d.jpg"
    assert ImageFile("x.jpg", "", 0, "").name == "x.jpg"
