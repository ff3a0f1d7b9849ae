"""What people are told of local answers, to the letter."""

from __future__ import annotations

from decimal import Decimal
from math import inf
from typing import Any

from tierwise.local.statement import Counts, Statement
from tierwise.local.told import local_lines, saved_lines
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
    assert (
        "looked at 3 times: what was chosen after the first look is held at a part of the error"
        in line
    )


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


def run_that_saved(local: int, extra: str = "0.05") -> dict[str, Any]:
    statement = Statement(
        "category", Decimal("0.02"), Decimal("0.95"), COUNTS, Cut(0.9, 14, 14, 130), answered=local
    )
    rest = {"pictures": 8_400, "tasks_usd": {"category": "0.84"}}
    return {
        "local": {"category": statement.facts(local)},
        "forecast": {"local": {"rest": rest, "extra_usd": extra}},
    }


def test_dollars_are_those_of_the_forecast_less_what_the_exam_costs_more() -> None:
    [line] = saved_lines(run_that_saved(4_200))
    assert "would have cost $0.42," in line
    assert line.endswith("cost $0.05 more than the task's own requests would: $0.37 saved.")


def test_it_is_said_where_it_was_not_worth_it() -> None:
    [line] = saved_lines(run_that_saved(100))
    assert line.endswith("`local` is not worth it here. Let more differ, or leave it out.")


def test_no_dollars_are_told_where_the_forecast_was_about_something_else() -> None:
    run = run_that_saved(4_200)
    run["forecast"]["local"]["rest"]["pictures"] = 100
    assert not list(saved_lines(run))
    assert not list(saved_lines({"local": run["local"]}))
