"""The cap is shared out to the last nano-dollar, and never more of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.accounts.admission import (
    Cap,
    Paid,
    Purse,
    Untraced,
    Work,
    admit,
    read_dollars,
    share_out,
)
from tierwise.errors import InputError
from tierwise.records import Spent

works = st.dictionaries(
    st.text("0123456789abcdef", min_size=1, max_size=2),
    st.builds(
        lambda worst, images: Work(worst * images, images),
        st.integers(1, 10**6),
        st.integers(1, 50),
    ),
)


@given(st.integers(0, 10**12), works)
def test_purses_are_no_more_than_the_room(room: int, work: dict[str, Work]) -> None:
    purses = share_out(room, work)
    assert sum(purses.values()) <= room
    assert purses.keys() <= work.keys()
    if work:
        assert room - sum(purses.values()) < len(work)


@given(st.integers(0, 10**9), works)
def test_the_order_in_which_shards_come_changes_nothing(room: int, work: dict[str, Work]) -> None:
    turned = dict(reversed(work.items()))
    assert share_out(room, turned) == share_out(room, work)


def test_a_small_room_is_not_spread_so_thin_that_nothing_fits() -> None:
    work = {f"{number:x}": Work(1000 * 100, 100) for number in range(16)}
    assert share_out(20_000, work) == {"0": 10_000, "1": 10_000}
    assert share_out(10, work) == {"0": 10}
    assert len(share_out(10**6, work)) == 16


def test_shards_with_nothing_left_to_ask_get_nothing() -> None:
    assert share_out(100, {"a": Work(), "b": Work(5, 1)}) == {"b": 100}
    assert share_out(100, {}) == {}


def test_what_was_paid_and_perhaps_lost_comes_off_the_cap() -> None:
    work = {"a": Work(10, 1)}
    cap = Cap(100, Untraced(under_way=10, dearest=5))
    assert admit(cap, Paid(Spent(cost=25)), work).set_aside == 65
    found = admit(cap, Paid(Spent(cost=25), lost_lines=1), work)
    assert (found.maybe_lost, found.set_aside) == (15, 60)
    assert admit(cap, Paid(Spent(cost=25), lost_lines=16), work).set_aside == 0


@given(st.integers(0, 1000), st.lists(st.tuples(st.integers(0, 400), st.floats(0, 1))))
def test_a_purse_is_never_overspent(free: int, requests: list[tuple[int, float]]) -> None:
    purse, spent, held = Purse(free), 0, list[tuple[int, int]]()
    for worst, share in requests:
        if purse.hold(worst):
            held.append((worst, int(worst * share)))
        elif held:
            purse.settle(*held.pop(0))
        assert purse.free >= 0
    for worst, cost in held:
        purse.settle(worst, cost)
        spent += cost
    assert purse.free >= 0


def test_images_are_chosen_in_order_while_they_fit() -> None:
    purse = Purse(10)
    assert purse.choose([4, 7, 5, 1, 1], most=9) == [0, 2, 3]
    assert purse.choose([1, 0, 1], most=2) == [0, 1]
    assert purse.choose([11], most=9) == []
    assert Purse(0).choose([0, 1], most=9) == [0]


@pytest.mark.parametrize(
    ("written", "nano"),
    [("12.50", 12_500_000_000), ("0", 0), ("0.000000001", 1), ("007", 7_000_000_000)],
)
def test_dollars_are_exact(written: str, nano: int) -> None:
    assert read_dollars(written, "max_cost_usd") == nano


@pytest.mark.parametrize(
    "written",
    ["-1", "+1", "nan", "inf", "1e3", "1.", ".5", "1,50", "$5", "1_000", "0.0000000001", "٣", "1 "],
)
def test_what_is_no_amount_is_refused(written: str) -> None:
    with pytest.raises(InputError, match="is not an amount"):
        read_dollars(written, "max_cost_usd")
