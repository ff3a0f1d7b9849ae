"""What is asked in any case, and what the rest comes to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.tierwise.forecast.one_task import survey_of, tasks_of
from tierwise.beam_pipeline.terminal.local_forecast_lines import local_forecast_lines
from tierwise.forecast.forecast import forecast
from tierwise.forecast.local_forecast import (
    LocalForecast,
    earlier_curves,
    local_forecast,
    local_row,
)
from tierwise.forecast.rates import Rates
from tierwise.forecast.survey import SeenImage, Standing, Survey
from tierwise.local.roles import Role, Roles, roles_for
from tierwise.questions import Questions, as_written
from tierwise.tasks import Tasks
from tierwise.tasks.local_terms import LocalTerms

RATES = Rates(date(2026, 11, 23))
FILES = 10_000
ROLES = roles_for(FILES, Decimal("0.02"), "salt") or Roles("", 0, 0, 0)


def questions(differ: str = "0.02", **route: Any) -> Questions:
    tasks = tasks_of(**route)
    terms = LocalTerms(Decimal(differ))
    local = Tasks(tasks.path, tuple(replace(task, local=terms) for task in tasks.tasks), ())
    return as_written(local).with_roles(ROLES)


def survey(*contents: str, files: int = FILES) -> Survey:
    standings = {"a": Standing.ASKED, "a@again": Standing.OPEN}
    images = [
        SeenImage(4000, 3000, "a.jpg", {}, standings, content_hash=content)
        for content in contents or ("",) * 50
    ]
    return survey_of(images, files=files)


def found(asked: Questions, seen: Survey) -> LocalForecast:
    local = local_forecast(asked.tasks, seen, RATES)
    assert local is not None
    return local


def test_the_parts_add_up_to_the_archive_and_the_exam_goes_alone() -> None:
    local = found(questions(pack=8), survey())
    assert (local.learn.pictures, local.exam.pictures) == (928, 697)
    assert local.rest.pictures == FILES - 928 - 697
    assert (local.learn.requests, local.exam.requests) == (116, 697)
    assert local.again.pictures == local.again.requests == 200
    assert local.in_any_case.pictures == 928 + 697
    assert local.in_any_case.requests == 116 + 697 + 200
    # A picture is 266 tokens, the prompt ten, and a pack has words of its own.
    assert local.exam.cost / 697 == pytest.approx(276 * 250 + 1_500, rel=0.01)


def test_the_forecast_of_all_is_the_sum_of_its_parts() -> None:
    asked, seen = questions(pack=8), survey()
    whole = forecast(asked.tasks, seen, RATES, dict.fromkeys(("a", "a@again"), 0), unknowns=())
    local = found(asked, seen)
    parts = local.in_any_case.requests + local.rest.requests
    assert whole.load.requests == parts > FILES / 8 + 697 * 7 / 8


def test_contents_that_are_known_have_their_own_parts() -> None:
    contents = [f"sha256:{number:064x}" for number in range(400)]
    roles = [ROLES.role_of(one) for one in contents]
    local = found(questions(), survey(*contents, files=400))
    counts = (local.learn.pictures, local.exam.pictures, local.rest.pictures)
    assert counts == tuple(roles.count(role) for role in Role)


def test_what_learns_and_examines_may_have_a_tier_of_its_own() -> None:
    plain, seen = questions(), survey()
    terms = LocalTerms(Decimal("0.02"), sample_tier="flex")  # type: ignore[arg-type]
    tiered = replace(plain, tasks=tuple(replace(one, local=terms) for one in plain.tasks[:1]))
    cheap, dear = found(tiered, seen), found(plain, seen)
    assert cheap.learn.cost == pytest.approx(dear.learn.cost / 2, rel=0.01)
    assert cheap.rest.cost == dear.rest.cost


def test_an_exam_that_can_prove_nothing_is_told_before_it_is_paid() -> None:
    assert not found(questions(), survey()).why_not
    assert found(questions("0.001"), survey()).why_not == {
        "a": "an exam of 697 pictures is too small to prove that at most 10 differ"
    }


def test_without_local_or_with_nothing_to_ask_there_is_none() -> None:
    assert local_forecast(as_written(tasks_of()).tasks, survey(), RATES) is None
    known = survey_of([SeenImage(9, 9, "a", {}, dict.fromkeys(("a", "a@again"), Standing.PAID))])
    assert local_forecast(questions().tasks, known, RATES) is None


def test_people_are_told_what_nobody_knows_before() -> None:
    row = {"local": local_row(found(questions(pack=8), survey()))}
    rest = row["local"]["rest"]
    assert abs(Decimal(rest["third_usd"]) * 3 - Decimal(rest["all_usd"])) < Decimal("1e-8")
    [line] = local_forecast_lines(row)
    assert line.startswith(
        "Local answers: asked in any case 1,625 pictures (928 to learn from, 697 for the exam, one "
        "picture a request, 200 of them twice), $0.137; of the other 8,375 nobody knows before: "
    )
    assert line.endswith("none $0. The forecast above is that of all.")


def test_an_earlier_exam_tells_estimates_and_the_promise_and_batch_its_rounds() -> None:
    run = {
        "local": {
            "a": {
                "differ": 0.02,
                "curve": [
                    {"differ": 0.005, "asked_share": 1.0},
                    {"differ": 0.02, "asked_share": 0.3312},
                ],
            },
            "b": {"differ": 0.02, "why_not": "too small"},
        }
    }
    row = {"curves": earlier_curves(run), "batch_rounds": 2}
    assert list(local_forecast_lines({"local": row})) == [
        "a: asked by how much may differ, as the exam of the last run has it: 0.5 % 100 %, "
        "2 % 33.1 %. These are estimates, each held at a fifth of the error so that any may be "
        "chosen; the last run promised 2 % at the whole.",
        "In batch that takes two rounds: what learns and examines, then the rest.",
    ]
    assert not list(local_forecast_lines({}))
