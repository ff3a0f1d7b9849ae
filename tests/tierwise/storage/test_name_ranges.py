"""Ranges of names hold every name once, whatever the names, and long listings are really cut."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.storage.name_ranges import (
    Cut,
    FirstNames,
    ListFirst,
    NameRange,
    after,
    beginning_with,
    cut,
)

# No half characters, and no line ends: no object can be named so.
NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), min_size=1, max_size=6
)
FEW_LETTERS = st.text("ab/\U0010ffff\ud7ff\ue000", min_size=1, max_size=5)


def looking(names: Sequence[str], asked: Counter[str] | None = None) -> ListFirst:
    """A service that lists sorted names, and counts."""

    def look(within: NameRange, most: int) -> FirstNames:
        if asked is not None:
            asked["requests"] += 1
        found = held(names, within)
        return FirstNames(found[:most], len(found) > most)

    return look


def held(names: Sequence[str], within: NameRange) -> Sequence[str]:
    end = bisect_left(names, within.end) if within.end else len(names)
    return names[bisect_left(names, within.start) : end]


def sizes(names: Sequence[str], found: Cut) -> list[int]:
    return [len(held(names, within)) for within in found.ranges]


@given(
    st.sets(NAMES | FEW_LETTERS, min_size=25),
    st.just("") | FEW_LETTERS,
    st.integers(1, 2),
    st.integers(1, 20),
)
def test_every_name_is_in_one_range(unsorted: set[str], prefix: str, page: int, most: int) -> None:
    names = sorted(unsorted)
    found = cut(looking(names), beginning_with(prefix), ranges=most, page=page)
    listed = [name for within in found.ranges for name in held(names, within)]
    assert listed == [name for name in names if name.startswith(prefix)]
    assert all(size for size in sizes(names, found)) or not listed


@given(NAMES | FEW_LETTERS, NAMES)
def test_nothing_is_between_a_beginning_and_what_is_after_it(prefix: str, more: str) -> None:
    beyond = after(prefix)
    assert not beyond or prefix + more < beyond
    assert not beyond or not beyond.startswith(prefix)


ARCHIVES: dict[str, Callable[[int], str]] = {
    "flat": lambda n: f"photos/img_{n:06}.jpg",
    "by date": lambda n: f"{2005 + n % 20}/{n % 12 + 1:02}/{n % 28 + 1:02}/{n}.jpg",
    "one crowded folder": lambda n: f"few/{n}" if n < 300 else f"many/{n:06}.jpg",
    "digests": lambda n: f"{n * 2654435761 % 2**32:08x}",
}


@pytest.mark.parametrize("archive", ARCHIVES)
def test_a_long_listing_is_cut_and_counted_with_few_requests(archive: str) -> None:
    names = sorted(ARCHIVES[archive](number) for number in range(60_000))
    asked: Counter[str] = Counter()
    found = cut(looking(names, asked), NameRange(), ranges=30, page=100)
    assert 30 <= len(found.ranges) < 1000
    assert max(sizes(names, found)) <= len(names) / 15
    assert asked["requests"] < 2000
    assert found.names == pytest.approx(len(names), rel=0.35)


def test_what_few_pages_hold_is_left_whole_and_counted_exactly() -> None:
    asked: Counter[str] = Counter()
    names = [f"{number:04}" for number in range(1500)]
    assert cut(looking(names, asked), NameRange(), ranges=30, page=100) == Cut((NameRange(),), 1500)
    assert asked["requests"] == 1
