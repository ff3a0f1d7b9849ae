"""Fine strokes on a quiet ground, told from other texture, whatever size is sent."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from tierwise.images.fine_detail import fine_detail
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize_many
from tierwise.images.picture import Picture
from tierwise.records import ImageSettings

Read = Callable[[str], bytes]

TEXT = ("page.png", "gobyexample.png", "typewriter.png")
PHOTOS = ("coffee.png", "flower.jpg", "landscape_1.jpg", "house.jpg")


def shrunk(data: bytes, name: str, *sides: int, detail: bool = True) -> list[Picture]:
    wanted = [ImageSettings(side) for side in sides]
    return optimize_many(data, name=name, page=1, settings=wanted, limits=Limits(), detail=detail)


def figure(picture: Picture) -> float:
    assert picture.features is not None
    assert picture.features.fine_detail is not None
    return picture.features.fine_detail


def page_of_print(points: int) -> Image.Image:
    image = Image.new("L", (1200, 900), 250)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(points)
    for row in range(0, 900, points + 6):
        draw.text((20, row), "Of many things the quick brown fox was told " * 6, 20, font)
    return image


def test_print_has_more_than_photographs(read: Read) -> None:
    text = [figure(shrunk(read(name), name, 912)[0]) for name in TEXT]
    photos = [figure(shrunk(read(name), name, 912)[0]) for name in PHOTOS]
    assert max(photos) < 0.04 < min(text)


def test_it_hardly_depends_on_the_size_that_is_sent(read: Read) -> None:
    """Not even where several sizes share a decoding, or less is sent than is measured."""
    for name in TEXT:
        data = read(name)
        alone = figure(shrunk(data, name, 912)[0])
        together = shrunk(data, name, 256, 1824)
        assert figure(together[0]) == figure(together[1])
        assert max(together[0].width, together[0].height) == 256
        assert figure(shrunk(data, name, 256)[0]) == pytest.approx(alone, rel=0.15)
        assert figure(together[1]) == pytest.approx(alone, rel=0.15)


def test_it_is_measured_only_when_asked_for(read: Read) -> None:
    [picture] = shrunk(read("coffee.png"), "coffee.png", 912, detail=False)
    assert picture.features is not None
    assert picture.features.fine_detail is None


def test_the_helper_measures_too(read: Read) -> None:
    """TIFF is decoded in another process."""
    stream = io.BytesIO()
    page_of_print(20).save(stream, "TIFF")
    here = fine_detail(np.asarray(page_of_print(20))[..., None])
    assert figure(shrunk(stream.getvalue(), "page.tif", 912)[0]) == pytest.approx(here, rel=0.15)


def test_small_print_counts_and_what_is_too_large_or_blurred_does_not() -> None:
    def of(image: Image.Image) -> float:
        return fine_detail(np.asarray(image)[..., None])

    assert of(page_of_print(18)) > 0.3 > 0.05 > of(page_of_print(120))
    assert of(page_of_print(18).resize((200, 150)).resize((1200, 900))) < 0.05


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 900), st.integers(1, 900), st.sampled_from([1, 3]), st.integers(0, 2**32 - 1))
def test_any_picture_has_a_share_from_0_to_1(
    width: int, height: int, channels: int, seed: int
) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    assert 0 <= fine_detail(noise) <= 1
    assert fine_detail(np.full_like(noise, 7)) == 0
