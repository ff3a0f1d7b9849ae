"""Rows that wait for a batch job are none yet: while anything waits, nothing is published."""

from __future__ import annotations

import apache_beam as beam

from tierwise.records import Failure, NamedOutcome, NamedPage, Outcome


def without_under_way(
    rows: beam.PCollection[NamedOutcome], pages: beam.PCollection[NamedPage] | None
) -> tuple[beam.PCollection[NamedOutcome], beam.PCollection[NamedPage] | None]:
    """The rows of which something has come, and the pages of which all has.

    So a pass that only writes down what jobs will ask makes no tables of it.
    """
    come = rows | "ComeRows" >> beam.Filter(lambda row: not _waits(row.outcome))
    if pages is None:
        return come, None
    whole = pages | "ComePages" >> beam.Filter(lambda page: not any(map(_waits, page.outcomes)))
    return come, whole


def _waits(outcome: Outcome) -> bool:
    return isinstance(outcome, Failure) and outcome.under_way
