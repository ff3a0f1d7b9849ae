"""Costs add up by task, route and outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import apache_beam as beam
from apache_beam.testing.util import assert_that, equal_to

from tierwise.accounts.charged import OTHERS
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


def test_values_of_a_column_without_end_share_a_row_and_no_money_is_lost(
    pipeline: Callable[[], beam.Pipeline], image_file: Any, answer: Any
) -> None:
    customers = [f"customer {number % 50}" for number in range(200)]
    outcomes = [
        NamedOutcome(image_file(columns={"customer": name}), answer("a", cost=number))
        for number, name in enumerate(customers)
    ]
    expected = {name: sum(range(int(name.split()[1]), 200, 50)) for name in customers}

    def check(found: list[list[tuple[str, int, int]]]) -> None:
        (rows,) = found
        own = {value: (images, cost) for value, images, cost in rows if value != OTHERS}
        assert len(own) == 7
        assert own == {value: (4, expected[value]) for value in own}
        (others,) = [(images, cost) for value, images, cost in rows if value == OTHERS]
        assert others == (200 - 7 * 4, sum(range(200)) - sum(cost for _, cost in own.values()))

    with pipeline() as root:
        rows = root | beam.Create(outcomes) | beam.Reshuffle() | SumCosts("customer", 7)
        shown = rows | beam.Map(lambda row: (row[0].charged_to, row[1].images, row[1].spent.cost))
        assert_that(shown | beam.combiners.ToList(), check)
