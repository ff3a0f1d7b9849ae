"""ListPairs: of all pairs of label and answer those with the most images, and sums of the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import apache_beam as beam

from tierwise.evaluation import PairRow
from tierwise.pair_lists import LabelOf, PairList, PairsOf, label_of, pairs_of
from tierwise.transforms.combine_by_key import CombineByKey
from tierwise.transforms.sum_by_key import SumByKey


class ListedPairs(NamedTuple):
    """A list for each task and what it was held against, and the images of each label in them."""

    lists: beam.PCollection[tuple[PairsOf, PairList]]
    images: beam.PCollection[tuple[LabelOf, int]]


class ListPairs(beam.PTransform):
    """From pairs to lists of bounded length; there may be as many pairs as images."""

    def expand(self, pairs: beam.PCollection[PairRow]) -> ListedPairs:
        """Adds the sums to a pipeline."""
        summed = pairs | "SumPairs" >> SumByKey()
        lists = (
            summed
            | "KeyByTask" >> beam.Map(lambda row: (pairs_of(row[0]), row))
            | "List" >> CombineByKey(_ListFn())
        )
        labels = (
            lists
            | "Labels" >> beam.MapTuple(_labels_in)
            | "AllLabels" >> beam.CombineGlobally(_union)
        )
        images = (
            summed
            | "KeyByLabel" >> beam.MapTuple(lambda key, totals: (label_of(key), totals.images))
            | "Listed" >> beam.Filter(_is_listed, beam.pvalue.AsSingleton(labels))
            | "SumLabels" >> SumByKey()
        )
        return ListedPairs(lists, images)


class _ListFn(beam.CombineFn):
    def create_accumulator(self) -> PairList:
        return PairList()

    def add_input(self, found: PairList, row: PairRow) -> PairList:
        found.add([row])
        return found

    def merge_accumulators(self, some: Iterable[PairList]) -> PairList:
        merged = PairList()
        for one in some:
            merged.add(one.rows)
            merged.others += one.others
        return merged

    def extract_output(self, found: PairList) -> PairList:
        found.cut()
        return found


def _labels_in(_: PairsOf, found: PairList) -> frozenset[LabelOf]:
    return frozenset(label_of(key) for key, _ in found.rows)


def _union(some: Iterable[frozenset[LabelOf]]) -> frozenset[LabelOf]:
    return frozenset[LabelOf]().union(*some)


def _is_listed(found: tuple[LabelOf, int], labels: frozenset[LabelOf]) -> bool:
    return found[0] in labels
