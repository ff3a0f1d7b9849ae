"""The ways that one looks at first."""

from __future__ import annotations

from datetime import date

from tests.tierwise.forecast.one_task import survey_of
from tierwise.forecast.alternatives import Alternative, Change, alternatives
from tierwise.forecast.rates import Rates
from tierwise.forecast.shortlist import shortlist
from tierwise.forecast.survey import SeenImage, Standing
from tierwise.questions import as_written
from tierwise.tasks import load_tasks


def ways(on: date = date(2026, 11, 27)) -> list[Alternative]:
    tasks = as_written(
        load_tasks(
            "model: gemini-3.1-flash-lite\n"
            "tasks: {a: {prompt: Which, labels: [x, y]}, b: {prompt: Of what, labels: [x, y]}}",
            path="tasks.yaml",
        )
    ).tasks
    image = SeenImage(4000, 3000, "a.jpg", {}, {"a": Standing.ASKED, "b": Standing.ASKED})
    return alternatives(tasks, survey_of((image,) * 100, files=1000), Rates(on))


def test_eight_ways_are_shown_one_of_each_kind_and_the_cheapest_first() -> None:
    every = ways()
    some = shortlist(every)
    assert len(every) > 30
    assert len(some) == 8
    assert [way for way in every if way in some] == some
    kinds = [way.change for way in some]
    assert {Change.NONE, Change.NAIVE, Change.TIER, Change.PACK, Change.MODEL} <= set(kinds)
    assert max(map(kinds.count, set(kinds) - {Change.MODEL, Change.NONE})) == 1


def test_a_tier_is_the_one_that_answers_today_and_a_pack_is_well_tried() -> None:
    to = {way.change: way.to for way in shortlist(ways())}
    assert to[Change.TIER] == "flex"
    assert int(to[Change.PACK]) <= 8


def test_models_are_those_that_stay_one_cheaper_and_one_dearer() -> None:
    some = shortlist(ways())
    [asked] = [way for way in some if way.change is Change.NONE]
    cheaper, dearer = (way for way in some if way.change is Change.MODEL)
    assert cheaper.load.cost < asked.load.cost < dearer.load.cost
    assert cheaper.ends is None
    assert dearer.ends is None
