"""Which files are looked at: every kind, few large ones wholly, and each as often as it counts."""

from __future__ import annotations

import random
from collections.abc import Mapping
from statistics import fmean, stdev

import pytest

from tierwise.storage.listing import Named
from tierwise.surveying.strata import Drawn, drawn_strata


def drawn(sizes: Mapping[str, int], sample: int, seed: int = 1, **more: str) -> list[Drawn]:
    names = [Named(name, name) for name in sizes]
    return drawn_strata(names, sizes, sample, random.Random(seed), **more)


def chosen(strata: list[Drawn]) -> set[str]:
    return {one.uri for stratum in strata for one in stratum.chosen}


PHOTOS = {f"{number}.jpg": 100_000 + 40 * number for number in range(3000)}
BOOKS = {f"{number}.PDF": 2_000_000 for number in range(3)}


def test_few_large_files_are_all_looked_at() -> None:
    strata = drawn(PHOTOS | BOOKS, 400)
    assert len(chosen(strata)) == 400
    assert set(BOOKS) < chosen(strata)
    assert sorted({name for one in strata for name in [one.kind]}) == ["jpg", "pdf"]
    assert {one.uri for stratum in strata for one in stratum.names} == set(PHOTOS | BOOKS)


def test_without_sizes_endings_tell() -> None:
    some = dict.fromkeys(PHOTOS | BOOKS | {f"{n}.tif": 0 for n in range(1000)}, 0)
    strata = {one.kind: len(one.chosen) for one in drawn(some, 400)}
    assert (strata["pdf"], sum(strata.values())) == (3, 400)
    assert strata["tif"] > strata["jpg"] > 5  # there may be pages


def test_frames_count_as_pages_where_they_are_asked_for() -> None:
    some = PHOTOS | {f"{number}.gif": 5_000_000 for number in range(500)}
    first, every = (
        {one.kind: len(one.chosen) for one in drawn(some, 100, frames=frames)}
        for frames in ("first", "all")
    )
    assert every["gif"] > 50 > first["gif"]


def test_more_kinds_than_the_sample_has_room_for() -> None:
    """Names that end in numbers, sizes of all orders: no file is left without a stratum."""
    some = {f"scan.{number}": 2 ** (number % 40) for number in range(500)} | BOOKS
    for sample in (1, 2, 3, 10, 50, 502, 503, 10_000):
        strata = drawn(some, sample)
        assert len(chosen(strata)) == min(sample, 503)
        assert all(one.chosen for one in strata)
        assert sum(len(one.names) for one in strata) == 503
    assert drawn({}, 400) == []


@pytest.mark.parametrize("sample", [20, 100, 400])
def test_the_sample_counts_pages_without_bias(sample: int) -> None:
    rng = random.Random(3)
    pages = {f"{number}.pdf": round(rng.lognormvariate(1.5, 1.2)) + 1 for number in range(900)}
    some = {name: round(count * rng.uniform(20_000, 200_000)) for name, count in pages.items()}
    found = [
        sum(
            len(one.names) / len(one.chosen) * pages[name.uri]
            for one in drawn(some, sample, seed)
            for name in one.chosen
        )
        for seed in range(100)
    ]
    truth = sum(pages.values())
    assert abs(fmean(found) - truth) < 4 * stdev(found) / 10
    plain = [900 * fmean(rng.sample(list(pages.values()), sample)) for _ in range(100)]
    assert stdev(found) < stdev(plain) / 1.5  # which is what strata are for
