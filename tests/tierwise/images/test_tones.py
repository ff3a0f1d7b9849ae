from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.tierwise.images.tiff_files import samples_file
from tierwise.errors import ImageError
from tierwise.images.picture import Picture
from tierwise.records import Reason

Shrink = Callable[..., Picture]
Decode = Callable[[Picture], NDArray[np.int_]]

RAMP = np.tile(np.linspace(0, 1, 96), (64, 1))
WANTED = RAMP[0] * 255
COLOURS = np.stack([RAMP, RAMP[:, ::-1], np.full_like(RAMP, 0.5)], axis=-1)


@pytest.mark.parametrize(
    ("samples", "told"),
    [
        (RAMP.astype(np.float32), "0 to 1 (floating point)"),
        (RAMP.astype(np.float16), "0 to 1 (floating point)"),
        ((RAMP * 255).astype(np.float32), "0 to 255 (floating point)"),
        ((RAMP * 3020 - 20).astype(np.float32), "-20 to 3000 (own range)"),
        ((RAMP * 70_000).astype(np.int32), "0 to 70000 (own range)"),
        ((RAMP * 4e9).astype(np.uint32), "0 to 4e+09 (own range)"),
        ((RAMP * 255 - 128).astype(np.int8), "-128 to 127 (own range)"),
        ((RAMP * 20_000 - 10_000).astype(np.int16), "-10000 to 10000 (own range)"),
        ((RAMP * 4095).astype(np.uint16), "0 to 4095 (12 bits)"),
        ((RAMP * 1023).astype(np.uint16), "0 to 1023 (10 bits)"),
        ((RAMP * 16383).astype(np.uint16), "0 to 16383 (14 bits)"),
        ((RAMP * 200 + 1000).astype(np.uint16), "1000 to 1200 (own range)"),
        ((RAMP * 65535).astype(np.uint16), ""),
    ],
)
def test_samples_of_any_type_are_seen_from_black_to_white(
    samples: np.ndarray, told: str, shrink: Shrink, pixels: Decode
) -> None:
    picture = shrink(samples_file(samples, 1))
    assert np.abs(pixels(picture)[32, :, 0] - WANTED).max() < 6
    assert picture.tones == told


@pytest.mark.parametrize(
    ("samples", "told"),
    [
        (COLOURS.astype(np.float32), "0 to 1 (floating point)"),
        ((COLOURS * 4095).astype(np.uint16), "0 to 4095 (12 bits)"),
    ],
)
def test_colours_stay_what_they_are(
    samples: np.ndarray, told: str, shrink: Shrink, pixels: Decode
) -> None:
    picture = shrink(samples_file(samples, 2))
    assert np.abs(pixels(picture)[32] - COLOURS[32] * 255).max() < 12
    assert picture.tones == told


@pytest.mark.parametrize(
    "tags", [{340: (3, [100]), 341: (3, [900])}, {280: (3, [100]), 281: (3, [900])}]
)
def test_tags_tell_the_range(
    tags: dict[int, tuple[int, list[int]]], shrink: Shrink, pixels: Decode
) -> None:
    picture = shrink(samples_file((RAMP * 1000).astype(np.uint16), 1, tags))
    wanted = np.clip((RAMP[0] * 1000 - 100) / 800, 0, 1) * 255
    assert np.abs(pixels(picture)[32, :, 0] - wanted).max() < 6
    assert picture.tones == "100 to 900 (tags)"


def test_marks_of_missing_data_do_not_hide_the_rest(shrink: Shrink, pixels: Decode) -> None:
    heights = (RAMP * 500 + 100).astype(np.float32)
    heights[:8, :8] = -9999
    heights[20, 20] = np.nan
    told = {42113: (2, b"-9999\x00")}
    for picture in (shrink(samples_file(heights, 1)), shrink(samples_file(heights, 1, told))):
        assert np.abs(pixels(picture)[40, :, 0] - WANTED).max() < 8


def test_bands_beyond_the_first_are_no_colours(shrink: Shrink, pixels: Decode) -> None:
    bands = np.stack([RAMP * 4000, *[RAMP[:, ::-1] * 4000] * 4], axis=-1).astype(np.int16)
    picture = shrink(samples_file(bands, 1, {338: (3, [0, 0, 0, 0])}))
    assert np.abs(pixels(picture)[32, :, 0] - WANTED).max() < 6


@pytest.mark.parametrize("bits", [6, 24, 64])
def test_other_depths_are_refused_in_plain_words(bits: int, shrink: Shrink) -> None:
    data = samples_file(np.zeros((8, 8, 8), np.uint8)[..., 0], 1, {258: (3, [bits])})
    with pytest.raises(ImageError, match=f"samples of {bits} bits; taken are") as caught:
        shrink(data, name="odd.tif")
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize(
    "samples",
    [
        RAMP.astype(np.float32),
        (RAMP * 4095).astype(np.uint16),
        (RAMP * 65535).astype(np.uint16),
        (RAMP * 70_000).astype(np.uint32),
        (RAMP * 20_000 - 10_000).astype(np.int16),
    ],
)
def test_where_white_is_low_it_is_white(
    samples: np.ndarray, shrink: Shrink, pixels: Decode
) -> None:
    picture = shrink(samples_file(samples, 0))
    assert np.abs(pixels(picture)[32, :, 0] - WANTED[::-1]).max() < 6


def test_stretched_pictures_are_turned_as_others(shrink: Shrink, pixels: Decode) -> None:
    picture = shrink(samples_file(RAMP.astype(np.float32), 1, {274: (3, [6])}))
    assert (picture.width, picture.height) == (64, 96)
    assert np.abs(pixels(picture)[:, 32, 0] - WANTED).max() < 6
