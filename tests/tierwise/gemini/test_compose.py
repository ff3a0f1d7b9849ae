"""What a request holds, and how much room it leaves for thoughts."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from tierwise.gemini.compose import compose, output_limit
from tierwise.gemini.settle import RAISED_LIMIT, Ask
from tierwise.gemini.thoughts import thought_allowance
from tierwise.models import all_models, find_model


def test_a_pack_opens_with_the_text_and_numbers_its_images(ask_of: Callable[..., Ask]) -> None:
    asks = [ask_of(n) for n in (4, 5)]
    parts = compose(asks).body["contents"][0]["parts"]
    assert "2 images" in parts[1]["text"]
    assert [part.get("text") for part in parts[2::2]] == [
        'Image 1: filename: "4.jpg"',
        'Image 2: filename: "5.jpg"',
    ]
    assert [base64.b64decode(part["inlineData"]["data"]) for part in parts[3::2]] == [
        ask.picture.data for ask in asks if ask.picture
    ]


def test_a_text_task_sends_no_image_and_no_resolution(ask_of: Callable[..., Ask]) -> None:
    body = compose([ask_of(task="named")]).body
    assert [list(part) for part in body["contents"][0]["parts"]] == [["text"]]
    assert "mediaResolution" not in body["generationConfig"]


@pytest.mark.parametrize("level", ["low", "medium", "high", "ultra_high"])
def test_resolution_stands_in_the_config_and_the_highest_with_each_part(
    ask_of: Callable[..., Ask], level: str
) -> None:
    body = compose([ask_of(media_resolution=level)]).body
    (image,) = (part for part in body["contents"][0]["parts"] if "inlineData" in part)
    name = f"MEDIA_RESOLUTION_{level.upper()}"
    per_part = level == "ultra_high"
    assert body["generationConfig"].get("mediaResolution") == (None if per_part else name)
    assert image.get("mediaResolution") == ({"level": name} if per_part else None)


@pytest.mark.parametrize(
    ("model", "thinking"),
    [
        ("gemini-3.1-flash-lite", {"thinkingLevel": "MINIMAL"}),
        ("gemini-3.8-flash", {"thinkingLevel": "LOW"}),
        ("gemini-2.5-flash", {"thinkingBudget": 0}),
        ("gemini-2.5-pro", None),
    ],
)
def test_thinking_is_the_least_that_a_model_takes(
    ask_of: Callable[..., Ask], model: str, thinking: object
) -> None:
    config = compose([ask_of(model=model)]).body["generationConfig"]
    assert config.get("thinkingConfig") == thinking


def test_only_models_that_think_in_any_case_get_room_for_it() -> None:
    for model in all_models():
        free = (
            model.thinking_levels[:1] == ("minimal",)
            or model.thinking_budget_off == 0
            or model.default_thinking == "off"
        )
        assert (thought_allowance(model, 1) == 0) == free, model.name
        assert (thought_allowance(model, 8) == 0) == free, model.name


def test_the_limit_counts_replies_and_thoughts(ask_of: Callable[..., Ask]) -> None:
    model = "gemini-3.8-flash"
    asks = [ask_of(n, model=model) for n in range(3)]
    task = asks[0].task
    allowance = thought_allowance(find_model(model), 3)
    assert output_limit(asks) == task.output_limit(3) + allowance
    assert compose(asks).body["generationConfig"]["maxOutputTokens"] == output_limit(asks)
    raised = ask_of(model=model, limit_raised=True)
    assert output_limit([raised]) == RAISED_LIMIT * output_limit([ask_of(model=model)])


def test_the_limit_never_exceeds_the_models(ask_of: Callable[..., Ask]) -> None:
    for model in ("gemini-2.5-pro", "gemini-3.8-flash"):
        asks = [ask_of(n, model=model, limit_raised=True) for n in range(50)]
        assert output_limit(asks) <= find_model(model).max_output_tokens
