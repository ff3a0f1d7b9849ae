"""Results in another order, with few of them held at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.emulator.batches.order import Reordering


def passed(lines: list[bytes], how: str, seed: str = "s") -> list[bytes]:
    reordering, out, most = Reordering(how, seed), [], 0
    for number, line in enumerate(lines, start=1):
        out += reordering.add(line)
        most = max(most, number - len(out))
    assert most <= 64
    return out + reordering.rest()


@given(st.integers(2, 300), st.sampled_from(["shuffled", "reversed", "kept"]), st.text())
def test_nothing_is_lost_and_the_order_is_what_was_said(count: int, how: str, seed: str) -> None:
    lines = [b"%d" % number for number in range(count)]
    out = passed(lines, how, seed)
    assert sorted(out) == sorted(lines)
    assert (out == lines) == (how == "kept")
    assert passed(lines, how, seed) == out


@pytest.mark.parametrize("count", [0, 1])
def test_there_may_be_nothing_to_change(count: int) -> None:
    for how in ("shuffled", "reversed", "kept"):
        assert passed([b"a"] * count, how) == [b"a"] * count
