"""Rows that wait for a batch job are none yet: while anything waits, nothing is published."""

from __future__ import annotations

import apache_beam as beam

from tierwise.records import NamedOutcome, NamedPage, is_under_way


def without_under_way(
    rows: beam.PCollection[NamedOutcome], pages: beam.PCollection[NamedPage] | None
) -> tuple[beam.PCollection[NamedOutcome], beam.PCollection[NamedPage] | None]:
    """The rows of which something has come, and the pages of which all has.

    So a pass that only writes down what jobs will ask makes no tables of it.
    """
    come = rows | "ComeRows" >> beam.Filter(lambda row: not is_under_way(row.outcome))
    if pages is None:
        return come, None
    return come, pages | "ComePages" >> beam.Filter(_is_whole)


def _is_whole(page: NamedPage) -> bool:
    return not any(map(is_under_way, page.outcomes))
