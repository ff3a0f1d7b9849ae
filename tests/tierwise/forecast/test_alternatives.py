"""Other ways to ask the same archive: which there are, what they cost, which saves most."""

from __future__ import annotations

from datetime import date
from functools import cache

import pytest

from tests.tierwise.forecast.one_task import survey_of, tasks_of
from tierwise.forecast.alternatives import Alternative, Change, alternatives, naive_cost
from tierwise.forecast.lever import biggest_lever
from tierwise.forecast.rates import Rates
from tierwise.forecast.survey import SeenImage, Standing
from tierwise.questions import as_written
from tierwise.tasks import load_tasks

TODAY = date(2026, 11, 23)


@cache
def found(
    *,
    model: str = "gemini-3.1-flash-lite",
    tier: str = "standard",
    prompt: str = "x" * 40,
    level: str = "low",
    pack: int = 1,
    on: date = TODAY,
    vertex: bool = False,
) -> list[Alternative]:
    tasks = tasks_of(model=model, tier=tier, prompt=prompt, level=level, pack=pack)
    image = SeenImage(4000, 3000, "a.jpg", {}, {"a": Standing.ASKED})
    survey = survey_of((image,) * 100, files=1000)
    return alternatives(tasks.tasks, survey, Rates(on, vertex))


def cost(some: list[Alternative], change: Change, to: str = "") -> int:
    [way] = [way for way in some if (way.change, way.to) == (change, to)]
    return way.load.cost


def test_every_kind_of_way_is_there_and_the_cheapest_comes_first() -> None:
    some = found()
    of_several = {Change.APART, Change.TOGETHER, Change.NAMED}  # tasks
    assert {way.change for way in some} == set(Change) - of_several
    costs = [way.load.cost for way in some]
    assert costs == sorted(costs)
    assert {way.to for way in some if way.change is Change.PACK} == {"2", "4", "8", "16", "32"}
    levels = {way.to for way in some if way.change is Change.RESOLUTION}
    assert levels == {"medium", "high", "ultra_high"}
    assert {way.to for way in some if way.change is Change.TIER} == {"flex", "batch", "priority"}
    assert naive_cost(some) == 1000 * ((10 + 1064) * 250 + 1500) == cost(some, Change.NAIVE)


def test_the_arithmetic_of_some_ways() -> None:
    some = found()
    assert cost(some, Change.NONE) == 1000 * ((10 + 266) * 250 + 1500)
    assert cost(some, Change.RESOLUTION, "high") == 1000 * ((10 + 1064) * 250 + 1500)
    assert cost(some, Change.TIER, "flex") * 2 == cost(some, Change.NONE)
    assert cost(some, Change.MODEL, "gemini-2.5-flash-lite") == 1000 * ((10 + 64) * 100 + 400)
    thoughts = 64
    flash = 1000 * ((10 + 266) * 750 + (1 + thoughts) * 3750)
    assert cost(some, Change.MODEL, "gemini-3.8-flash") == flash
    assert cost(some, Change.MODEL, "gemini-3.8-flash from 2027-01-01") == 2 * flash


def test_a_contact_sheet_costs_the_tokens_of_one_picture() -> None:
    for pack in (1, 8):
        sheets = {way.to: way.load for way in found(pack=pack) if way.change is Change.SHEET}
        requests = {to: load.requests for to, load in sheets.items()}
        assert requests == {"4": 250, "9": 112, "16": 63}
        for load in sheets.values():
            assert load.usage.image_tokens == load.requests * 266  # as one of 4:3 at `low`


def test_models_that_are_over_or_forward_are_left_out() -> None:
    def models(on: date) -> set[str]:
        return {way.to for way in found(on=on) if way.change is Change.MODEL and way.on == on}

    today, december = models(TODAY), models(date(2026, 12, 2))
    assert "gemini-2.5-flash" in today - december
    assert not {"gemini-3.7-flash", "gemini-3-pro-preview", "gemini-3-pro-image"} & today


def test_a_model_that_ends_is_marked() -> None:
    some = found()
    ending = {way.to: way.ends for way in some if way.ends}
    assert ending == {
        "gemini-2.5-flash": date(2026, 12, 1),
        "gemini-2.5-pro": date(2026, 12, 1),
    }


def test_announced_changes_of_the_model_asked_are_shown() -> None:
    some = found(model="gemini-3.8-flash")
    assert cost(some, Change.NONE, "from 2027-01-01") == 2 * cost(some, Change.NONE)


def test_a_tier_that_a_model_lacks_is_left_out() -> None:
    here, there = ({way.to for way in found(tier="flex", vertex=v)} for v in (False, True))
    assert "gemini-3.8-flash" in here & there
    assert "gemini-4-carbon" in here - there


@pytest.mark.parametrize(
    ("asked", "lever"),
    [
        (
            {"prompt": "x" * 8000, "tier": "flex"},
            "8 images per request for every task saves 2",  # per cent, from 20 to 29: it is cached
        ),
        ({"prompt": "x" * 8000, "tier": "flex"}, "prompts are 88 % of the input"),
        ({}, "The biggest lever that changes no answer: the flex tier for every task saves 50 %"),
        ({"level": "high"}, "The lever to try first: media resolution low for every task saves 7"),
        ({"tier": "flex"}, "No change of route saves anything worth while"),
    ],
)
def test_the_biggest_lever_is_named_with_its_reason(asked: dict[str, str], lever: str) -> None:
    assert lever in biggest_lever(found(**asked))


def test_batch_is_the_lever_where_there_is_no_flex() -> None:
    some = found(model="gemini-4-carbon", vertex=True)
    tiers = [way for way in some if way.change in (Change.TIER, Change.NONE)]
    lever = biggest_lever(tiers)
    assert "the batch tier for every task saves 50 %: answers may take a day." in lever


TWO = """
model: gemini-3.1-flash-lite
together: {together}
tasks:
  a: {{prompt: Which, labels: ["yes", "no"]}}
  b: {{prompt: Who, labels: ["yes", "no"]}}
"""


@pytest.mark.parametrize("together", ["auto", "false"])
def test_asked_together_and_apart_are_rows_with_their_prices(together: str) -> None:
    tasks = as_written(load_tasks(TWO.format(together=together), path="tasks.yaml")).tasks
    image = SeenImage(4000, 3000, "a.jpg", {}, {"a": Standing.ASKED, "b": Standing.ASKED})
    some = alternatives(tasks, survey_of((image,) * 100, files=1000), Rates(TODAY))
    costs = {(way.change, way.to): way.load for way in some}
    higher = costs[Change.TOGETHER, "medium"]
    asked = costs[Change.NONE, ""]
    if together == "auto":
        together_now, apart = asked, costs[Change.APART, ""]
        assert (Change.TOGETHER, "") not in costs  # that is how it is asked
        assert costs[Change.NAMED, ""].cost > asked.cost  # a row of numbers is the shortest reply
    else:
        together_now, apart = costs[Change.TOGETHER, ""], asked
        assert (Change.APART, "") not in costs
        assert "questions asked together for every task saves" in biggest_lever(
            [way for way in some if way.change is not Change.TIER]
        )
    assert together_now.requests == higher.requests == 1000
    assert apart.requests == 2000
    assert together_now.cost < apart.cost
    assert higher.usage.image_tokens == 1000 * 540  # each picture once
    assert apart.usage.image_tokens == 2 * together_now.usage.image_tokens


def test_replies_are_a_part_of_what_is_paid_also_where_prompts_are_cached() -> None:
    for way in found(prompt="x" * 8000, tier="flex"):
        assert 0 < way.load.output_cost <= way.load.cost
