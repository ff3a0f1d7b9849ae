"""Placeholders over the real client: sizes, what is refused, and what the usage says."""

from __future__ import annotations

import io
from typing import Any

import pytest
from google.genai import errors, types
from PIL import Image

from tierwise.drawing_models import pixels, ratios_of

BANANA, VERTEX_ALONE = "gemini-nano-banana-2.1", "gemini-3.1-flash-image"


def asked(client: Any, size: str, ratio: str = "", model: str = BANANA, **more: Any) -> Any:
    config = types.GenerateContentConfig(
        response_modalities=["TEXT", "IMAGE"],
        image_config=types.ImageConfig(image_size=size, aspect_ratio=ratio or None),
        **more,
    )
    return client.models.generate_content(model=model, contents=["On white."], config=config)


def drawn(reply: Any) -> Image.Image:
    [part] = reply.candidates[0].content.parts
    assert part.inline_data.mime_type == "image/png"
    return Image.open(io.BytesIO(part.inline_data.data))


@pytest.mark.parametrize("ratio", ratios_of(BANANA))
def test_each_ratio_has_its_pixels(emulator: Any, ratio: str) -> None:
    assert drawn(asked(emulator.developer(), "1K", ratio)).size == pixels(BANANA, "1K", ratio)


@pytest.mark.parametrize(("size", "side", "tokens"), [("2K", 2048, 1680), ("4K", 4096, 3780)])
def test_each_size_has_its_pixels_and_tokens(
    emulator: Any, size: str, side: int, tokens: int
) -> None:
    reply = asked(emulator.developer(), size)
    assert drawn(reply).size == (side, side)
    [told] = reply.usage_metadata.candidates_tokens_details
    assert (told.modality, told.token_count) == (types.MediaModality.IMAGE, tokens)
    assert reply.usage_metadata.candidates_token_count == tokens


def test_512_is_drawn_where_the_model_has_it(emulator: Any) -> None:
    reply = asked(emulator.vertex(), "512", "16:9", VERTEX_ALONE)
    assert drawn(reply).size == (688, 384)
    assert reply.usage_metadata.candidates_token_count == 747


@pytest.mark.parametrize(
    ("size", "more"),
    [
        ("1k", {}),
        ("512", {}),
        ("8K", {}),
        ("1K", {"media_resolution": "MEDIA_RESOLUTION_LOW"}),
        ("1K", {"response_mime_type": "application/json", "response_schema": {"type": "STRING"}}),
        ("1K", {"thinking_config": {"thinking_level": "LOW"}}),
    ],
)
def test_what_google_refuses_is_refused(emulator: Any, size: str, more: dict[str, Any]) -> None:
    with pytest.raises(errors.ClientError) as refused:
        asked(emulator.developer(), size, **more)
    assert refused.value.code == 400


def test_a_model_that_answers_in_words_draws_nothing(emulator: Any) -> None:
    with pytest.raises(errors.ClientError) as refused:
        asked(emulator.developer(), "1K", model="gemini-3.1-flash-lite")
    assert refused.value.code == 400


def test_a_model_that_is_over_is_not_found(emulator: Any) -> None:
    with pytest.raises(errors.ClientError) as refused:
        asked(emulator.developer(), "1K", model="gemini-3.1-flash-image-preview")
    assert refused.value.code == 404


def test_a_placeholder_says_that_it_is_one(emulator: Any) -> None:
    picture = drawn(asked(emulator.developer(), "1K"))
    colours = picture.convert("L").getcolors(256)
    assert colours is not None
    ground, ink = sorted(colours)[-1], sorted(colours)[-2]  # a ground, and words across it
    assert ground[1] != ink[1]
    assert ink[0] > 0.02 * 1024 * 1024
