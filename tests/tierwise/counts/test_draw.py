"""The draw is even, and says nothing of what it draws."""

from __future__ import annotations

from itertools import pairwise

from tierwise.counts.draw import draw_number, is_counted
from tierwise.records import Reason


def test_numbers_are_spread_evenly_and_differ_by_seed_content_and_page() -> None:
    numbers = [draw_number(3, f"sha256:{n:064x}", 1 + n % 3) / 2**64 for n in range(4_000)]
    tenths = [sum(n / 10 <= one < (n + 1) / 10 for one in numbers) for n in range(10)]
    assert all(300 < count < 500 for count in tenths)
    assert sum(one < other for one, other in pairwise(numbers)) in range(1_850, 2_150)
    assert len({draw_number(seed, "h", page) for seed in (1, 2) for page in (1, 2)}) == 4


def test_files_without_a_picture_are_not_drawn() -> None:
    assert is_counted("sha256:ab", Reason.OVER_BUDGET)
    assert is_counted("sha256:ab")
    assert not is_counted("", None)
    assert not is_counted("sha256:ab", Reason.UNSUPPORTED_FORMAT)
