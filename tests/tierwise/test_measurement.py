"""What is varied, and what the figures of a route say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tierwise.errors import ModelError
from tierwise.measurement import Measured, Variation, measured_route, variations
from tierwise.records import ImageSettings, MediaResolution, Route

OWN = Route("gemini-3.1-flash-lite", MediaResolution.LOW, ImageSettings(768), 8)
ALONE = Route("gemini-3.1-flash-lite", MediaResolution.LOW, ImageSettings(768))


def measured(image_tokens: int, *, uri: str = "a", pack: int = 1, cost: int = 100) -> Measured:
    return Measured(uri, 1, 640, 480, pack, image_tokens, 20, 3, 1, cost, 700)


def test_one_thing_is_varied_at_a_time() -> None:
    found = variations(OWN, ["gemini-3.6-flash"])
    assert list(found) == [
        "low-768px",
        *("low", "medium", "high", "ultra_high"),
        *("low-256px", "low-512px", "low-1024px", "low-2048px"),
        *("low-768px-x2", "low-768px-x4", "low-768px-x8"),
        "low-s4",
        "gemini-3.6-flash/low-768px",
    ]
    sheet = found.pop("low-s4").route
    assert (sheet.images_per_sheet, sheet.images_per_request, sheet.image.max_side) == (4, 4, 425)
    for one in found.values():
        changed = [
            one.route.model != ALONE.model,
            one.route.images_per_request != 1,
            (one.route.media_resolution, one.route.image) != (ALONE.media_resolution, ALONE.image),
        ]
        assert sum(changed) == (one.varied != "nothing")


def test_unknown_models_are_refused() -> None:
    with pytest.raises(ModelError, match="gemini-nine"):
        variations(OWN, ["gemini-nine"])


def test_figures_and_the_rule() -> None:
    # 4:3 at low: 19 x 14 tokens.
    images = [measured(266), measured(267, uri="b"), measured(258, uri="c", cost=101)]
    found = measured_route("low", Variation("nothing", ALONE), images, 2, vertex=False)
    assert found is not None
    assert (found.image_tokens_least, found.image_tokens_median) == (258, 266)
    assert (found.image_tokens_most, found.rule_tokens_median, found.unlike_rule) == (267, 266, 1)
    assert (found.images, found.unanswered, found.latency_ms) == (3, 2, 700)
    assert found.usd_per_1000_images == Decimal("0.000100333")
    assert measured_route("low", Variation("nothing", ALONE), [], 2, vertex=False) is None


@pytest.mark.parametrize(("tokens", "unlike"), [((266, 266), 0), ((265, 267), 0), ((290, 300), 2)])
def test_packs_are_held_against_the_rule_by_their_sum(tokens: tuple[int, int], unlike: int) -> None:
    images = [measured(n, uri=str(i), pack=2) for i, n in enumerate(tokens)]
    found = measured_route("low-x2", Variation("packs", OWN), images, 0, vertex=False)
    assert found is not None
    assert found.unlike_rule == unlike


def test_the_median_of_packs_stands_beside_that_of_the_rule_shared_in_the_same_way() -> None:
    # A wide picture at low, 258 tokens and fewer, shares its request with one of 4:3, 266.
    first, second = (datetime(2026, 11, 27, hour, tzinfo=UTC) for hour in (1, 2))
    wide = replace(measured(0, uri="w", pack=2), sent_width=900, sent_height=100)
    packs = [wide, measured(0, uri="a", pack=2), *(measured(266, uri=u, pack=2) for u in "bc")]
    alone = measured_route("low", Variation("nothing", ALONE), [wide], 0, vertex=False)
    assert alone is not None
    share = int(alone.rule_tokens_median + 266) // 2
    images = [
        replace(one, asked_at=first if n < 2 else second, image_tokens=one.image_tokens or share)
        for n, one in enumerate(packs)
    ]
    found = measured_route("low-x2", Variation("packs", OWN), images, 0, vertex=False)
    assert found is not None
    assert found.rule_tokens_median == found.image_tokens_median == (share + 266) / 2 != 266
    assert found.unlike_rule == 0


@pytest.mark.parametrize(("tokens", "unlike"), [((67, 67, 66, 66), 0), ((266,) * 4, 4)])
def test_images_on_a_sheet_are_held_against_what_the_sheet_costs(
    tokens: tuple[int, ...], unlike: int
) -> None:
    route = variations(ALONE, [])["low-s4"].route
    images = [
        replace(measured(n, uri=str(i), pack=4), asked_at=datetime(2026, 11, 27, tzinfo=UTC))
        for i, n in enumerate(tokens)
    ]
    found = measured_route("low-s4", Variation("sheets", route), images, 0, vertex=False)
    assert found is not None
    assert (found.rule_tokens_median, found.unlike_rule) == (266 / 4, unlike)


def test_a_task_on_sheets_or_by_reference_is_measured_image_by_image_and_as_bytes() -> None:
    image = ImageSettings(425, by_reference=True)
    own = replace(ALONE, image=image, images_per_request=9, images_per_sheet=9)
    found = variations(own, [])
    first = next(iter(found.values())).route
    assert (first.images_per_request, first.images_per_sheet, first.image.max_side) == (1, 1, 912)
    assert {one.route.images_per_sheet for one in found.values()} == {1, 4, 9}
    assert not any(one.route.image.by_reference for one in found.values())
