"""Hashes that are near meet, and nobody follows from afar."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tierwise.near_duplicates import bands, firsts_alike, is_audited

hashes = st.integers(0, 2**64 - 1)


@given(hashes, st.sets(st.integers(0, 63), max_size=8))
def test_near_hashes_share_a_band(one: int, turned: set[int]) -> None:
    other = one
    for bit in turned:
        other ^= 1 << bit
    assert set(bands(one, len(turned))) & set(bands(other, len(turned)))


@given(hashes, st.integers(0, 8))
def test_bands_hold_all_bits(one: int, distance: int) -> None:
    everything = dict(bands(2**64 - 1, distance))
    assert sum(part.bit_length() for part in everything.values()) == 64
    assert len(everything) == distance + 1
    assert dict(bands(one, distance)).keys() == everything.keys()


@given(st.sets(st.integers(0, 255), min_size=1), st.integers(0, 4))
def test_the_first_is_the_smallest_within_the_distance(found: set[int], distance: int) -> None:
    for one, first in firsts_alike(found, distance):
        assert first == min(h for h in found if (h ^ one).bit_count() <= distance)


def test_the_audit_takes_about_its_share_and_always_the_same() -> None:
    taken = [is_audited(f"sha256:{n}", 0.05) for n in range(4000)]
    assert taken == [is_audited(f"sha256:{n}", 0.05) for n in range(4000)]
    assert 140 < sum(taken) < 260
    assert not any(is_audited(f"sha256:{n}", 0.0) for n in range(100))
    assert all(is_audited(f"sha256:{n}", 1.0) for n in range(100))
