"""What an output costs is exact to the nano-dollar, however large."""

from __future__ import annotations

from tierwise.comparison.sums import SideSums


def test_large_sums_are_scaled_exactly() -> None:
    """Twenty million dollars and a nano-dollar, which a float does not tell apart from without."""
    nano = 20_000_000 * 10**9 + 1
    assert float(nano) == nano - 1
    sums = SideSums()
    sums.nano[0], sums.paid[0], sums.unasked[0] = nano, 3, 6
    assert sums.asked_nano == 3 * nano
