"""What the facts say of models that draw."""

from __future__ import annotations

import pytest

from tierwise.drawing_models import (
    IMAGE_SIZES,
    drawing_models,
    most_references,
    pixels,
    ratios_of,
    sizes_in_vertex_batch,
    successors_of,
)
from tierwise.errors import ModelError
from tierwise.models import all_models

BANANA, PRO = "gemini-nano-banana-2.1", "gemini-3-pro-image"


@pytest.mark.parametrize(
    ("size", "ratio", "expected"),
    [  # published
        ("1K", "1:1", (1024, 1024)),
        ("1K", "16:9", (1376, 768)),
        ("2K", "1:1", (2048, 2048)),
        ("2K", "16:9", (2752, 1536)),
        ("4K", "1:1", (4096, 4096)),
        ("1K", "", (1024, 1024)),
    ],
)
def test_the_published_pixels(size: str, ratio: str, expected: tuple[int, int]) -> None:
    assert pixels(BANANA, size, ratio) == expected


def test_every_model_that_draws_has_pixels_for_all_its_sizes_and_ratios() -> None:
    assert {model.name for model in all_models() if model.image_output} == set(drawing_models())
    for model, sizes in drawing_models().items():
        for size in sizes:
            for ratio in ratios_of(model):
                width, height = pixels(model, size, ratio)
                wanted = [int(part) for part in ratio.split(":")]
                assert width / height == pytest.approx(wanted[0] / wanted[1], rel=0.07)


def test_what_a_model_does_not_draw_is_refused() -> None:
    with pytest.raises(ModelError, match=f'"{BANANA}" draws 1K, 2K, 4K, not "512"'):
        pixels(BANANA, "512")
    with pytest.raises(ModelError, match=r'draws 1:1, .*not "1:8"'):
        pixels(PRO, "1K", "1:8")
    with pytest.raises(ModelError, match=r'"gemini-3\.1-flash-lite" draws no pictures'):
        ratios_of("gemini-3.1-flash-lite")


def test_lanes_differ() -> None:
    assert (len(ratios_of(BANANA)), len(ratios_of(PRO))) == (14, 10)
    assert (most_references(BANANA), most_references("gemini-2.5-flash-image")) == (14, 3)
    assert sizes_in_vertex_batch(PRO) == ("1K",)
    assert successors_of("gemini-3.1-flash-image-preview")[0] == BANANA
    assert IMAGE_SIZES[0] == "512"
