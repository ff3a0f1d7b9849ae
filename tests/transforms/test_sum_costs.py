"""Costs add up by task, route and outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import apache_beam as beam
from apache_beam.testing.util import assert_that, equal_to

from tierwise.accounts.costs import CostRow
from tierwise.records import NamedOutcome, Spent
from tierwise.transforms.sum_by_key import SumByKey
from tierwise.transforms.sum_costs import SumCosts


def test_rows_of_one_kind_become_one_sum(
    pipeline: Callable[[], beam.Pipeline], image_file: Any, answer: Any, failure: Any
) -> None:
    outcomes = [
        answer("a", cost=5),
        replace(answer("a", cost=7), wasted=Spent(cost=2, requests=1)),
        replace(answer("b", cost=0), reused=True),
        failure("a"),
    ]

    def shown(row: CostRow) -> tuple[str, str, int, int]:
        key, totals = row
        return key.task, key.outcome, totals.images, totals.spent.cost

    expected = [
        ("a", "answered", 2, 12),
        ("a", "repeated", 0, 2),
        ("a", "unreadable", 1, 0),
        ("b", "reused", 1, 0),
    ]
    with pipeline() as root:
        rows = root | beam.Create([NamedOutcome(image_file(), one) for one in outcomes])
        assert_that(rows | SumCosts() | beam.Map(shown), equal_to(expected))


def test_nothing_has_no_sum(pipeline: Callable[[], beam.Pipeline]) -> None:
    with pipeline() as root:
        assert_that(root | beam.Create([]) | SumByKey(0), equal_to([]))
