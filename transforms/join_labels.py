"""JoinLabels: names get the columns of a second table about the same images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput

from tierwise.label_rows import LabelRow
from tierwise.storage.joined_names import join_key, with_columns
from tierwise.storage.listing import Input, Named
from tierwise.transforms.list_names import NAMED, names_listed
from tierwise.transforms.sum_by_key import SumByKey

# What is counted of the rows, and of the images.
UNMATCHED, REPEATED, CONFLICTING = "unmatched_labels", "repeated_labels", "conflicting_labels"
UNLABELLED = "unlabelled_files"
COUNTED = (UNMATCHED, REPEATED, CONFLICTING, UNLABELLED)


class JoinLabels(beam.PTransform):
    """From names to names with the columns of `labels`, and what is counted besides.

    Rows meet images by where these lie, in a shuffle; rows of one image are one before. An image
    without a row has nulls (`unlabelled_files`). Counted are images whose rows say different things
    (`conflicting_labels`), further rows of one (`repeated_labels`), and rows of none
    (`unmatched_labels`).
    """

    def __init__(self, labels: Input) -> None:
        super().__init__()
        self._labels = labels

    def expand(self, names: beam.PCollection[Named]) -> dict[str, beam.PCollection[Any]]:
        """Adds reading the labels, and the join, to a pipeline."""
        pair = tuple[bytes, Any]  # of one type, for both meet
        keyed_row = beam.Map(lambda named: (join_key(named), LabelRow(named.columns)))
        keyed_name = beam.Map(lambda named: (join_key(named), named))
        rows = (
            names.pipeline
            | "ReadLabels" >> _ReadLabels(self._labels)
            | "KeyRows" >> keyed_row.with_output_types(pair)
            | "SumRows" >> SumByKey()
        )
        keyed = names | "KeyNames" >> keyed_name.with_output_types(pair)
        joining = partial(join, labels=self._labels)
        joined = (
            (rows, keyed)
            | "Both" >> beam.Flatten()
            | "Meet" >> beam.GroupByKey()
            | "Join" >> beam.FlatMapTuple(joining).with_outputs(*COUNTED, main=NAMED)
        )
        return {name: joined[name] for name in (NAMED, *COUNTED)}


class _ReadLabels(beam.PTransform):
    def __init__(self, labels: Input) -> None:
        super().__init__()
        self._labels = labels

    def expand(self, root: Any) -> beam.PCollection[Named]:
        return names_listed(root, self._labels)[NAMED]


def join(
    key: bytes, both: Iterable[LabelRow | Named], labels: Input
) -> Iterator[Named | TaggedOutput]:
    """The names of one image, with its row; goes through them twice rather than hold them."""
    del key
    row = next((one for one in both if isinstance(one, LabelRow)), None)
    images = 0
    for one in both:
        if isinstance(one, Named):
            images += 1
            yield with_columns(one, row, labels)
            if row is None:
                yield TaggedOutput(UNLABELLED, one.uri)
    if row is None:
        return
    for _ in range(row.rows - 1 if images else row.rows):
        yield TaggedOutput(REPEATED if images else UNMATCHED, None)
    if images and row.differ:
        yield TaggedOutput(CONFLICTING, None)
