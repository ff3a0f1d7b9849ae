import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.errors import ModelError
from tierwise.records import MediaResolution
from tierwise.tiers import image_tokens, pixels_worth_sending, text_tokens, worth_sending

LOW, MEDIUM, HIGH, ULTRA_HIGH = MediaResolution
FLASH_LITE = "gemini-3.1-flash-lite"
BUDGETS = {LOW: 280, MEDIUM: 560, HIGH: 1120, ULTRA_HIGH: 2240}
SHAPES = [(1, 1), (4, 3), (3, 2), (16, 9), (2, 1), (3, 1)]
MEASURED = Path(__file__).parents[3] / "shared/data/reference/image_input_tokens_by_resolution.tsv"

sides = st.integers(1, 100_000)


@pytest.mark.parametrize(
    ("media_resolution", "tokens"),
    [
        (LOW, [256, 266, 260, 264, 253, 252]),
        (MEDIUM, [529, 540, 532, 527, 528, 520]),
        (HIGH, [1089, 1064, 1080, 1100, 1081, 1083]),
        (ULTRA_HIGH, [2209, 2160, 2166, 2205, 2178, 2187]),
    ],
)
def test_the_grid_of_gemini_3(media_resolution: MediaResolution, tokens: list[int]) -> None:
    counted = [image_tokens(FLASH_LITE, media_resolution, *shape) for shape in SHAPES]
    assert counted == tokens


@pytest.mark.parametrize(
    ("size", "prompt_tokens"),
    [
        ((256, 256), 1090),
        ((1024, 1024), 1090),
        ((1920, 1080), 1101),
        ((1080, 1920), 1101),
        ((4032, 3024), 1065),
        ((1568, 728), 1079),
    ],
)
def test_what_others_counted_on_gemini_3(size: tuple[int, int], prompt_tokens: int) -> None:
    one_token_of_text = 1
    assert image_tokens(FLASH_LITE, None, *size) == prompt_tokens - one_token_of_text


@pytest.mark.skipif(not MEASURED.exists(), reason=f"no reference data at {MEASURED}")
def test_every_row_of_the_measured_table() -> None:
    with MEASURED.open(encoding="utf-8") as lines:
        table = list(csv.DictReader((line for line in lines if line[0] != "#"), delimiter="\t"))
    assert len(table) == 10
    for row in table:
        tokens = image_tokens("gemini-3.8-flash", None, int(row["width"]), int(row["height"]))
        assert tokens + 1 == int(row["gemini_tokens"]), row["size"]


def test_a_letter_page_at_medium() -> None:
    assert image_tokens(FLASH_LITE, MEDIUM, 2550, 3300) == 520


def test_gemini_2_5_is_flat_on_the_developer_api() -> None:
    for size in [(100, 100), (700, 1003), (4032, 3024)]:
        assert image_tokens("gemini-2.5-flash-lite", None, *size) == 258
        assert image_tokens("gemini-2.5-flash-lite", HIGH, *size) == 258
        assert image_tokens("gemini-2.5-flash-lite", MEDIUM, *size) == 256
        assert image_tokens("gemini-2.5-flash-lite", LOW, *size) == 64


def test_gemini_2_5_on_vertex_is_cut_into_tiles() -> None:
    assert image_tokens("gemini-2.5-pro", None, 700, 1003, vertex=True) == (2 * 3 + 1) * 258
    assert image_tokens("gemini-2.5-pro", None, 384, 384, vertex=True) == 258
    assert image_tokens("gemini-2.5-pro", None, 385, 384, vertex=True) == (2 * 2 + 1) * 258
    assert image_tokens("gemini-2.5-pro", LOW, 700, 1003, vertex=True) == 64


def test_vertex_changes_nothing_for_gemini_3() -> None:
    assert image_tokens(FLASH_LITE, HIGH, 700, 1003, vertex=True) == image_tokens(
        FLASH_LITE, HIGH, 700, 1003
    )


@given(sides, sides, st.sampled_from(MediaResolution))
def test_a_picture_costs_at_least_one_token_and_at_most_its_budget(
    width: int, height: int, media_resolution: MediaResolution
) -> None:
    tokens = image_tokens(FLASH_LITE, media_resolution, width, height)
    assert 1 <= tokens <= BUDGETS[media_resolution]
    assert tokens == image_tokens(FLASH_LITE, media_resolution, height, width)


@given(st.integers(1, 1000), st.integers(1, 1000), st.integers(2, 50))
def test_only_the_shape_counts(width: int, height: int, factor: int) -> None:
    assert image_tokens(FLASH_LITE, LOW, width, height) == image_tokens(
        FLASH_LITE, LOW, width * factor, height * factor
    )


@given(sides, sides)
def test_more_resolution_never_costs_less(width: int, height: int) -> None:
    counted = [image_tokens(FLASH_LITE, resolution, width, height) for resolution in BUDGETS]
    assert counted == sorted(counted)


@given(sides, sides)
def test_only_small_pictures_are_a_single_tile_on_vertex(width: int, height: int) -> None:
    tokens = image_tokens("gemini-2.5-pro", None, width, height, vertex=True)
    assert tokens % 258 == 0
    assert (tokens == 258) == (max(width, height) <= 384)


def test_pixels_worth_sending_follow_the_resolution() -> None:
    sending = [pixels_worth_sending(FLASH_LITE, resolution) for resolution in BUDGETS]
    assert sending == [912, 1296, 1824, 2592]
    assert pixels_worth_sending("gemini-2.5-flash-lite", LOW) == 384
    assert pixels_worth_sending("gemini-2.5-flash-lite", None) == 768


def test_worth_sending_follows_the_shape() -> None:
    assert worth_sending(FLASH_LITE, LOW, 4000, 4000) == (768, 768)
    assert worth_sending(FLASH_LITE, LOW, 4000, 3000) == (912, 684)
    assert worth_sending(FLASH_LITE, LOW, 3000, 4000) == (684, 912)
    assert worth_sending(FLASH_LITE, LOW, 3000, 1000) == (1344, 448)
    assert worth_sending("gemini-2.5-flash-lite", LOW, 3000, 1000) == (384, 128)
    assert worth_sending("gemini-2.5-flash-lite", LOW, 2, 4000) == (1, 384)


@given(sides, sides, st.sampled_from(MediaResolution))
def test_what_is_worth_sending_is_the_same_picture_never_larger(
    width: int, height: int, media_resolution: MediaResolution
) -> None:
    sent = worth_sending(FLASH_LITE, media_resolution, width, height)
    assert 1 <= sent[0] <= width
    assert 1 <= sent[1] <= height
    # The shape is kept to the px: neither side is off by one or more.
    assert abs(sent[0] * height - sent[1] * width) < max(width, height)


@given(st.text(), st.text())
def test_text_tokens_grow_with_the_text(text: str, more: str) -> None:
    assert text_tokens(text) <= text_tokens(text + more) <= text_tokens(text) + text_tokens(more)
    assert (text_tokens(text) == 0) == (text == "")


def test_text_tokens_by_hand() -> None:
    assert text_tokens("Which category?!") == 4
    assert text_tokens("Which category?!.") == 5
    assert text_tokens("写真") == 2
    assert text_tokens("Grün") == 2


def test_what_a_model_does_not_offer_is_refused() -> None:
    with pytest.raises(ModelError, match=r'"ultra_high"\. It offers: low, medium, high\.'):
        image_tokens("gemini-2.5-flash", ULTRA_HIGH, 640, 480)


def test_a_model_that_draws_has_one_resolution_whatever_is_asked() -> None:
    for resolution in (None, LOW, ULTRA_HIGH):
        assert image_tokens("gemini-3-pro-image", resolution, 640, 480) == 1064


@pytest.mark.parametrize("size", [(0, 10), (10, 0), (-1, 5)])
def test_a_picture_without_pixels_is_a_bug_of_the_caller(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="has no pixels"):
        image_tokens(FLASH_LITE, LOW, *size)
