"""What people are told of local answers, to the letter."""

from __future__ import annotations

from decimal import Decimal
from math import inf
from typing import Any

from tierwise.local.statement import Counts, Statement
from tierwise.local.told import local_lines
from tierwise.statistics.examination import Cut

COUNTS = Counts(learn=928, exam=696, rest=8_376)


def told(cut: Cut, *, answered: int = 0, mistakes: int = 0, **changes: Any) -> str:
    statement = Statement(
        "category",
        Decimal("0.02"),
        Decimal("0.95"),
        COUNTS,
        cut,
        mistakes=mistakes,
        answered=answered,
    )
    [line] = local_lines({"local": {"category": statement.facts(answered) | changes}})
    return line


def test_the_promise_says_of_how_many_draws_pictures_and_local_answers() -> None:
    line = told(Cut(0.934, 14, 14, 130.2), answered=6_667, mistakes=70)
    assert line == (
        "category: 6,667 of 10,000 distinct pictures were answered locally. In at least 95 of 100 "
        "draws of the exam, at most 200 of 10,000 distinct pictures (3.0 % of the 6,667 answered "
        "locally) differ from what Gemini says of them one by one; about 130 do."
    )


def test_an_exam_that_was_looked_at_before_says_so() -> None:
    line = told(Cut(0.9, 14, 14, 130), answered=6_000, mistakes=70, looks=3)
    assert "looked at 3 times: each such statement holds by itself" in line


def test_where_nothing_was_sure_enough_the_numbers_say_why() -> None:
    line = told(Cut(0.999, 7, 7, 60), mistakes=40)
    assert "the exam allows 7 mistakes among the surest answers of its 696 pictures" in line
    assert "no picture of the rest was surer than the one that made 8. All was asked." in line


def test_where_nothing_may_be_answered_locally_no_mistake_is_blamed() -> None:
    assert "no picture of the rest may be" in told(Cut(-inf, 7, 0, 0), mistakes=0)


def test_a_reason_is_told_as_it_is() -> None:
    line = told(Cut(inf, -1, 0, 0), why_not="an exam of 5 pictures is too small.")
    assert line == (
        "category: nothing was answered locally: an exam of 5 pictures is too small. All was asked."
    )


def test_what_waits_for_a_batch_job_promises_nothing_yet() -> None:
    waiting = Statement(
        "category", Decimal("0.02"), Decimal("0.95"), COUNTS, Cut(inf, -1, 0, 0), waits=True
    )
    [line] = local_lines({"local": {"category": waiting.facts(0)}})
    assert "waits for a batch job" in line


def test_gemini_s_own_noise_is_told_and_what_it_puts_out_of_reach() -> None:
    noise = {"images": 200, "differing": 12, "low": 0.03, "high": 0.1}
    line = told(Cut(0.9, 14, 14, 130), answered=6_000, mistakes=70, asks_itself=noise)
    assert "Gemini differs from itself on 6.0 % of 200 pictures (3.0 to 10.0 %)." in line
    assert "more than twice the 2 % that may differ here" in line
    calm = told(
        Cut(0.9, 14, 14, 130), answered=6_000, mistakes=70, asks_itself=noise | {"differing": 7}
    )
    assert "more than twice" not in calm


def test_a_run_without_local_tells_nothing() -> None:
    assert not list(local_lines({}))
