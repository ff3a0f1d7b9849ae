"""However many pairs there are, a list holds so many, and the sums are of all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apache_beam as beam
from apache_beam.testing.util import assert_that, equal_to

from tierwise import pair_lists
from tierwise.evaluation import Against, PairKey, PairTotals
from tierwise.pair_lists import OtherPairs, PairList
from tierwise.transforms.list_pairs import ListPairs


def test_lists_are_cut_and_their_labels_counted_whole(
    pipeline: Callable[[], beam.Pipeline],
) -> None:
    old = Against.OLD_LABEL
    names = [f"{number:05}" for number in range(12_000)]
    once = [(PairKey("t", old, "tree", name), PairTotals(1, 0, (name,))) for name in names]
    again = [(PairKey("t", old, "tree", "00001"), PairTotals(1, 0, ("twin",)))]
    other = [(PairKey("t", Against.LABEL, "", ""), PairTotals(3, 7, ("a",)))]

    def told(found: tuple[Any, PairList]) -> tuple[Any, int, OtherPairs, int]:
        of, some = found
        return of, len(some.rows), some.others, max(row[1].images for row in some.rows)

    with pipeline() as root:
        pairs = root | beam.Create([*once, *again, *other]).with_output_types(
            tuple[PairKey, PairTotals]
        )
        lists, images = pairs | ListPairs()
        most = pair_lists.MOST_PAIRS
        cut = OtherPairs(len(names) - most, len(names) - most, len(names) - most, 0)
        expected = [
            (("t", "old_label"), most, cut, 2),
            (("t", "label"), 1, OtherPairs(), 3),
        ]
        assert_that(lists | beam.Map(told), equal_to(expected))
        counted = [(("t", old, "tree"), len(names) + 1), (("t", Against.LABEL, ""), 3)]
        assert_that(images, equal_to(counted), label="Images")
