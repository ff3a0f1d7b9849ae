"""Contents that were answered locally are counted once, whatever names they have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

import apache_beam as beam
from apache_beam.testing.util import assert_that, equal_to

from tierwise.answerer import AnsweredBy
from tierwise.local.statement import Counts, Statement
from tierwise.records import Answer, Answered
from tierwise.statistics.examination import Cut
from tierwise.transforms.count_local import CountLocal


def statement(task: str) -> Statement:
    return Statement(task, Decimal("0.05"), Decimal("0.95"), Counts(3, 3, 6), Cut(0.5, 1, 0, 0))


def test_local_answers_are_counted_by_contents(
    pipeline: Callable[[], beam.Pipeline], answer: Callable[..., Answer]
) -> None:
    ours = replace(answer("kind"), answered_by=AnsweredBy.LOCAL)
    other = answer("mood")

    def one(content: str, values: str = "") -> Answered:
        key = f"{content}+{values}" if values else content
        return Answered(key, f"{content}.jpg", (ours, other), content_hash=content)

    rest = [one("a"), one("b", "x"), one("b", "y"), Answered("c", "c.jpg", (other,))]
    stated = {"kind": statement("kind"), "mood": statement("mood")}

    def answered(found: Mapping[str, Statement]) -> dict[str, int]:
        return {name: found[name].answered for name in found}

    with pipeline() as root:
        told = (
            (root | "Rest" >> beam.Create(rest), root | "Stated" >> beam.Create([stated]))
            | CountLocal()
            | beam.Map(answered)
        )
        assert_that(told, equal_to([{"kind": 2, "mood": 0}]))
