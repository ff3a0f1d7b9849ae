"""The arithmetic of a forecast, with its numbers visible."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from tests.tierwise.forecast.one_task import survey_of, tasks_of
from tierwise.forecast.forecast import expectations, forecast, forecast_row
from tierwise.forecast.rates import Rates
from tierwise.forecast.scenarios import Expectations, Scenario, Unknown, middle_scenario
from tierwise.forecast.survey import SeenImage, Standing, Survey
from tierwise.forecast.workload import Load, Workload, questions_paid, workload, workloads
from tierwise.questions import as_written
from tierwise.records import MediaResolution, ServiceTier
from tierwise.tasks import Task, Tasks, load_tasks
from tierwise.tasks.auditing import Audit
from tierwise.tiers import image_tokens

TODAY = date(2026, 11, 23)
AT_LIST_PRICES = Rates(TODAY)
BIG = (4000, 3000)  # 266, 540, 1064 or 2160 tokens


def survey(images: int, **changed: Any) -> Survey:
    seen = SeenImage(*BIG, "a.jpg", {}, {"a": Standing.ASKED})
    return survey_of((seen,) * images, **changed)


def middle(tasks: Tasks, seen: Survey, rates: Rates = AT_LIST_PRICES) -> tuple[Workload, Load]:
    work = workload(tasks.tasks[0], seen, rates)
    return work, work.load(middle_scenario(expectations(tasks.tasks, seen)))


def test_one_image_per_request() -> None:
    _, load = middle(tasks_of(), survey(100))
    # "yes" or "no" is one token; the prompt is ten, the picture 19 x 14 cells
    assert (load.images, load.requests) == (100, 100)
    assert load.usage.input_tokens == 100 * (10 + 266)
    assert load.usage.image_tokens == 100 * 266
    assert load.usage.output_tokens == 100
    dollars = (27_600 * Decimal("0.25") + 100 * Decimal("1.50")) / 1_000_000
    assert load.cost == dollars.scaleb(9) == 7_050_000
    naive = (100 * (10 + 1064) * Decimal("0.25") + 100 * Decimal("1.50")) / 1_000_000
    assert load.baseline == naive.scaleb(9) == 27_000_000


def test_eight_images_share_a_prompt_and_the_last_request_is_not_full() -> None:
    _, load = middle(tasks_of(pack=8, prompt="x" * 4000), survey(20))
    assert load.requests == 3
    # 1000 tokens and "Answer for each of the 8 images on its own." for each request
    text = load.usage.input_tokens - load.usage.image_tokens
    assert 3 * 1011 <= text <= 3 * 1011 + 20 * 3
    # [{"image": 1, "answer": "yes"}, ...]: 7 or 8 tokens for each image
    assert 20 * 7 <= load.usage.output_tokens <= 20 * 8.5


@pytest.mark.parametrize(
    ("level", "tokens"), [("low", 266), ("medium", 540), ("high", 1064), ("ultra_high", 2160)]
)
def test_each_media_resolution(level: str, tokens: int) -> None:
    _, load = middle(tasks_of(level=level), survey(10))
    assert load.usage.image_tokens == 10 * tokens


def test_a_sample_stands_for_the_archive() -> None:
    _, load = middle(tasks_of(), survey(100, files=1_000_000))
    assert load.images == load.requests == 1_000_000
    assert load.cost == 1_000_000 * (276 * 250 + 1500)


def test_twins_and_what_is_paid_cost_nothing() -> None:
    paid = SeenImage(*BIG, "b.jpg", {}, {"a": Standing.PAID})
    seen = survey_of((*survey(6).images, *(paid,) * 4), twins={"a": 2})
    work, load = middle(tasks_of(), seen)
    assert load.images == round(6 * (1 - 2 / 10)) == 5
    assert round(questions_paid(work.tasks[0], seen)) == 3


def test_flex_and_batch_halve_and_priority_nearly_doubles() -> None:
    cost = {tier: middle(tasks_of(tier=tier), survey(100))[1].cost for tier in ServiceTier}
    assert cost[ServiceTier.FLEX] == cost[ServiceTier.BATCH] == cost[ServiceTier.STANDARD] // 2
    assert cost[ServiceTier.PRIORITY] * 10 == cost[ServiceTier.STANDARD] * 18


def test_a_model_that_must_think_pays_for_its_thoughts() -> None:
    _, load = middle(tasks_of(model="gemini-3.8-flash"), survey(10))
    assert load.usage.thought_tokens == 10 * 64
    assert load.output_cost == 10 * (64 + 1) * 3750 > load.cost // 2


def test_the_price_is_that_of_the_day_and_of_the_place() -> None:
    flash = tasks_of(model="gemini-3.8-flash")
    now = middle(flash, survey(10))[1].cost
    assert middle(flash, survey(10), Rates(date(2027, 1, 1)))[1].cost == 2 * now
    regional = Rates(TODAY, vertex=True, regional=True)
    assert middle(flash, survey(10), regional)[1].cost == now * 11 // 10


def test_a_forwarded_model_has_the_price_of_the_one_that_answers() -> None:
    forwarded = middle(tasks_of(model="gemini-3.7-flash"), survey(10), Rates(date(2026, 11, 1)))
    answering = middle(tasks_of(model="gemini-3.8-flash"), survey(10), Rates(date(2026, 11, 1)))
    assert forwarded[1].cost == answering[1].cost


def test_the_same_survey_gives_the_same_forecast_in_which_bounds_are_in_order() -> None:
    tasks, seen = tasks_of(pack=4).tasks, survey(50, files=1000)
    one = forecast_row(forecast(tasks, seen, Rates(TODAY), {"a": 10_000_000}))
    assert one == forecast_row(forecast(tasks, seen, Rates(TODAY), {"a": 10_000_000}))
    bounds = [Decimal(one[name]) for name in ("low_usd", "cost_usd", "high_usd", "worst_usd")]
    assert bounds == sorted(bounds)
    assert Decimal(one["worst_usd"]) == 10
    assert set(one["uncertainty"]) >= {"how many tokens the prompts are", "how long answers are"}
    for interval in one["uncertainty"].values():
        assert Decimal(interval["low_usd"]) <= bounds[1] <= Decimal(interval["high_usd"])


def test_where_headers_are_unreadable_as_many_files_are_broken_behind_sound_ones() -> None:
    sound = survey(60).images
    broken = survey_of(sound, broken=40)
    _, load = middle(tasks_of(), broken)
    assert load.images == 60 * 60 // 100
    tasks, worst = tasks_of().tasks, {"a": 1_000_000}
    one = forecast(tasks, broken, Rates(TODAY), worst)
    assert 20 * 70_500 < one.cost.low < load.cost < one.cost.high < 60 * 84_600
    spread = one.spread[Unknown.BROKEN]
    assert spread.high - spread.low > (one.cost.high - one.cost.low) / 2


def test_nothing_to_ask_costs_nothing() -> None:
    row = forecast_row(forecast(tasks_of().tasks, Survey(0, ()), Rates(TODAY), {"a": 1}))
    assert (row["requests"], row["cost_usd"], row["worst_usd"]) == (0, "0.000000000", "0.000000000")
    assert row["uncertainty"] == {}


def test_pictures_are_counted_by_the_route_that_each_takes() -> None:
    """Three have few pixels; what fine detail the others have is unknown but for one."""
    ruled = load_tasks(
        """
model: gemini-3.1-flash-lite
tasks:
  a:
    prompt: Which
    labels: [x, y]
    media_resolution: medium
    routing: {detail_above: 0.2, fit_pixels: true}
""",
        path="t",
    )
    asked = {"a": Standing.ASKED}
    small = SeenImage(640, 480, "s.jpg", {}, asked, "jpeg")
    page = SeenImage(612, 792, "p.pdf", {}, asked, "pdf")
    print_, plain = (SeenImage(*BIG, "b.jpg", {}, asked, "jpeg", one) for one in (0.5, 0.0))
    large = SeenImage(*BIG, "l.jpg", {}, asked, "jpeg")
    images = (small, small, small, print_, plain, page, large, large)
    work, load = middle(ruled, survey_of(images))
    portrait = image_tokens("gemini-3.1-flash-lite", MediaResolution.MEDIUM, 612, 792)
    known = 3 * 266 + 1064 + 540
    pictures = work.files.pictures(np.ones(8))
    assert pictures.picture == (known + portrait + 2 * 540) / 8
    portrait_raised = image_tokens("gemini-3.1-flash-lite", MediaResolution.HIGH, 612, 792)
    assert pictures.raised == (known + portrait_raised + 2 * 1064) / 8
    # Nobody said how many have fine detail: a quarter.
    expected = 8 * (pictures.picture + (pictures.raised - pictures.picture) / 4)
    assert load.usage.image_tokens == round(expected)
    row = forecast_row(forecast(ruled.tasks, survey_of(images), AT_LIST_PRICES, {"a": 0}))
    assert Unknown.DETAIL in row["uncertainty"]
    literal = workload(ruled.as_they_are().tasks[0], survey_of(images), AT_LIST_PRICES)
    pictures = literal.files.pictures(np.ones(8))
    assert pictures.picture == pictures.raised


def test_the_naive_way_looks_once_at_every_name_and_audits_nothing() -> None:
    two = TASKS_OF_TWO.format("")
    shared, apart = (
        sum((one.load(middle_scenario(known)) for one in work), Load())
        for known, work in map(planned, (two, TASKS_OF_TWO.format("together: false")))
    )
    # Each picture once for both, words and a reply of a token for each.
    assert apart.baseline == 10 * (1064 * 250 + 2 * (10 * 250 + 1500))
    assert apart.naive_requests == shared.naive_requests == 10
    assert apart.cost > shared.cost
    twins = survey(10, twins={"a": 5})
    _, load = middle(tasks_of(), twins)
    assert (load.images, load.baseline) == (5, middle(tasks_of(), survey(10))[1].baseline)
    [audited] = tasks_of().tasks
    audit = replace(audited, audit=Audit("a", 1.0, "high"))
    assert workload(audit, survey(10), AT_LIST_PRICES).load(known_of(audit)).baseline == 0


TASKS_OF_TWO = """
model: gemini-3.1-flash-lite
{}
tasks:
  a: {{prompt: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", labels: ["yes", "no"]}}
  b: {{prompt: "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy", labels: ["yes", "no"]}}
"""


def planned(text: str) -> tuple[Expectations, list[Workload]]:
    tasks = as_written(load_tasks(text, path="t")).tasks
    asked = {"a": Standing.ASKED, "b": Standing.ASKED}
    seen = survey_of((SeenImage(*BIG, "a.jpg", {}, asked),) * 10)
    return expectations(tasks, seen), workloads(tasks, seen, AT_LIST_PRICES)


def known_of(task: Task) -> Scenario:
    return middle_scenario(expectations([task], survey(10)))
