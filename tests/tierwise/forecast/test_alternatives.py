"""Other ways to ask the same archive: which there are, what they cost, which saves most."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tierwise.forecast.one_task import tasks_of
from tierwise.forecast.alternatives import Alternative, Change, alternatives, naive_cost
from tierwise.forecast.lever import biggest_lever
from tierwise.forecast.rates import Rates
from tierwise.forecast.survey import SeenImage, Standing, Survey
from tierwise.forecast.vendors import VendorModel, vendor_models

TODAY = date(2026, 11, 23)


def found(
    *,
    model: str = "gemini-3.1-flash-lite",
    tier: str = "standard",
    prompt: str = "x" * 40,
    level: str = "low",
    pack: int = 1,
    on: date = TODAY,
) -> list[Alternative]:
    tasks = tasks_of(model=model, tier=tier, prompt=prompt, level=level, pack=pack)
    image = SeenImage(4000, 3000, "a.jpg", {}, {"a": Standing.ASKED})
    survey = Survey(1000, 0, (1,) * 100, (image,) * 100)
    return alternatives(tasks.tasks, survey, Rates(on))


def cost(some: list[Alternative], change: Change, to: str = "") -> int:
    [way] = [way for way in some if (way.change, way.to) == (change, to)]
    return way.load.cost


def test_every_kind_of_way_is_there_and_the_cheapest_comes_first() -> None:
    some = found()
    assert {way.change for way in some} == set(Change)
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


def test_other_vendors_are_estimates_with_a_source() -> None:
    some = found()
    # 912 x 684 px as they are sent: 2 x 2 tiles
    tokens = 10 + 85 + 4 * 170
    assert cost(some, Change.VENDOR, "OpenAI gpt-4o") == 1000 * (tokens * 2500 + 10_000)
    estimates = [way for way in some if way.estimate]
    assert {way.change for way in estimates} == {Change.VENDOR}
    assert all("https://" in way.source for way in estimates)


@pytest.mark.parametrize(
    ("model", "size", "tokens"),
    [
        # As OpenAI's guide has them
        ("gpt-4o", (1024, 1024), 85 + 4 * 170),  # 768 x 768 px
        ("gpt-4o", (2048, 4096), 85 + 6 * 170),  # 768 x 1536 px
        ("gpt-4o-mini", (1024, 1024), 2833 + 4 * 5667),
        ("gpt-5", (1024, 1024), 70 + 4 * 140),
        ("gpt-5-mini", (1024, 1024), 1659),  # 32 x 32 = 1024, times 1.62
        ("gpt-5-mini", (1800, 2400), 2352),  # 1056 x 1408 px: 33 x 44 = 1452, times 1.62
        ("gpt-5.4-nano", (1800, 2400), 3572),  # 1452 times 2.46
        # As OpenAI billed them: beside the text, 1445 and 765, and 1536 times 1.62
        ("gpt-4.1", (2049, 513), 85 + 8 * 170),  # 2048 x 513 px
        ("gpt-4.1", (2050, 513), 85 + 4 * 170),  # 2048 x 512 px
        ("gpt-5.4-mini", (4000, 1474), 2488),  # 2048 x 755 px: 64 x 24
        # As Anthropic's guide has them, in squares of 28 px
        ("claude-haiku-4-5", (200, 200), 8 * 8),
        ("claude-haiku-4-5", (1000, 1000), 36 * 36),
        ("claude-haiku-4-5", (1092, 1092), 39 * 39),
        ("claude-haiku-4-5", (1920, 1080), 52 * 30),  # 1456 x 819 px
        ("claude-sonnet-4-5", (2000, 1500), 46 * 34),  # 1269 x 952 px
        ("claude-sonnet-4-5", (3840, 2160), 52 * 30),
        ("claude-sonnet-4-5", (1075, 1520), 33 * 47),  # 924 x 1307 px
        ("claude-haiku-5-5", (1920, 1080), 69 * 39),
        ("claude-sonnet-5-5", (2000, 1500), 72 * 54),
        ("claude-sonnet-5-5", (3840, 2160), 92 * 52),  # 2576 x 1449 px
    ],
)
def test_documented_and_billed_examples_of_other_vendors(
    model: str, size: tuple[int, int], tokens: int
) -> None:
    [found_model] = [one for one in vendor_models() if one.name == model]
    assert found_model.image_tokens(*size) == tokens


@given(*[st.integers(1, 20_000)] * 2, st.sampled_from(vendor_models()))
def test_no_picture_of_another_vendor_exceeds_its_limits(
    width: int, height: int, model: VendorModel
) -> None:
    tokens = model.image_tokens(width, height)
    assert tokens >= 1
    most = dict(model.numbers).get("most")
    if most:
        assert tokens <= round(most * Decimal(dict(model.numbers).get("multiplier", 1)))
    else:  # at most 2048 x 768 px
        assert tokens <= model.image_tokens(2048, 768)
    assert tokens == model.image_tokens(height, width)


def test_models_that_are_over_or_forward_are_left_out() -> None:
    def models(on: date) -> set[str]:
        return {way.to for way in found(on=on) if way.change is Change.MODEL and way.on == on}

    today, december = models(TODAY), models(date(2026, 12, 2))
    assert "gemini-2.5-flash" in today - december
    assert not {"gemini-3.7-flash", "gemini-3-pro-preview", "gemini-3-pro-image"} & today


def test_a_model_that_ends_and_a_tier_that_cannot_be_asked_are_marked() -> None:
    some = found()
    ending = {way.to: way.ends for way in some if way.ends}
    assert ending == {
        "gemini-2.5-flash": date(2026, 12, 1),
        "gemini-2.5-pro": date(2026, 12, 1),
    }
    kept = {(way.change, way.to) for way in some if not way.can_run and not way.estimate}
    assert kept == {(Change.TIER, "batch")}


def test_announced_changes_of_the_model_asked_are_shown() -> None:
    some = found(model="gemini-3.8-flash")
    assert cost(some, Change.NONE, "from 2027-01-01") == 2 * cost(some, Change.NONE)


def test_a_tier_that_a_model_lacks_is_left_out() -> None:
    some = found(tier="flex")
    assert "gemini-3.8-flash" in {way.to for way in some}
    assert "gemini-4-carbon" not in {way.to for way in some}


@pytest.mark.parametrize(
    ("asked", "lever"),
    [
        (
            {"prompt": "x" * 8000, "tier": "flex"},
            "8 images per request for every task saves 7",  # per cent, from 70 to 79
        ),
        ({"prompt": "x" * 8000, "tier": "flex"}, "prompts are 88 % of the input"),
        ({}, "The biggest lever that changes no answer: the flex tier for every task saves 50 %"),
        ({"level": "high"}, "The lever to try first: media resolution low for every task saves 7"),
        ({"tier": "flex"}, "No change of route saves anything worth while"),
    ],
)
def test_the_biggest_lever_is_named_with_its_reason(asked: dict[str, str], lever: str) -> None:
    assert lever in biggest_lever(found(**asked))  # type: ignore[arg-type]
