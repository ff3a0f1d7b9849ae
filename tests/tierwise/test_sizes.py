import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize, optimize_many
from tierwise.models import find_model
from tierwise.records import ImageSettings, MediaResolution, Route
from tierwise.routing import at_resolution
from tierwise.sizes import LONGEST_SIDE, fitted, sent_size, sized_for
from tierwise.tiers import image_tokens, worth_sending

MODEL = "gemini-3.1-flash-lite"
LOW, MEDIUM, HIGH = MediaResolution.LOW, MediaResolution.MEDIUM, MediaResolution.HIGH


def _by_shape(resolution: MediaResolution) -> ImageSettings:
    return sized_for(ImageSettings(1), MODEL, resolution)


@pytest.mark.parametrize(
    ("resolution", "size", "sent", "tokens"),
    [
        (HIGH, (600, 4000), (600, 4000), 1032),
        (LOW, (600, 4000), (310, 2064), 258),
        (HIGH, (12000, 2000), (3888, 648), 1053),
        (LOW, (4000, 3000), (912, 684), 266),
        (LOW, (3000, 3000), (768, 768), 256),
        (LOW, (640, 480), (640, 480), 266),
    ],
)
def test_all_the_pixels_are_sent_that_the_tokens_show(
    resolution: MediaResolution, size: tuple[int, int], sent: tuple[int, int], tokens: int
) -> None:
    assert sent_size(_by_shape(resolution), *size) == sent
    assert image_tokens(MODEL, resolution, *size) == tokens


@given(
    resolution=st.sampled_from(MediaResolution),
    width=st.integers(1, 30_000),
    height=st.integers(1, 30_000),
)
def test_what_is_sent_is_what_is_worth_sending(
    resolution: MediaResolution, width: int, height: int
) -> None:
    sent = sent_size(_by_shape(resolution), width, height)
    assert sent == fitted(*worth_sending(MODEL, resolution, width, height), LONGEST_SIDE)
    assert sent[0] <= width
    assert sent[1] <= height


def test_a_side_that_was_asked_for_is_kept() -> None:
    assert sent_size(ImageSettings(1824), 600, 4000) == (274, 1824)


def test_models_that_count_no_shape_have_one_longest_side() -> None:
    old = next(name for name in ("gemini-2.5-flash", "gemini-2.5-flash-lite") if find_model(name))
    assert sized_for(ImageSettings(1), old, LOW).tokens == 0


def test_another_media_resolution_brings_its_own_size() -> None:
    own = Route(MODEL, LOW, _by_shape(LOW))
    assert at_resolution(own, HIGH).image == _by_shape(HIGH)
    assert at_resolution(at_resolution(own, HIGH), LOW) == own


def test_pictures_of_any_shape_come_out_at_that_size() -> None:
    for size in ((600, 4000), (1500, 90), (700, 700)):
        noise = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        for kind in ("JPEG", "PNG", "WEBP", "TIFF", "BMP"):
            buffer = io.BytesIO()
            Image.fromarray(noise).save(buffer, kind)
            for resolution in (LOW, HIGH):
                settings = _by_shape(resolution)
                picture = optimize(
                    buffer.getvalue(), name="a", page=1, settings=settings, limits=Limits()
                )
                assert (picture.width, picture.height) == sent_size(settings, *size)


def test_one_decoding_serves_several_sizes() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (900, 3600), (9, 99, 199)).save(buffer, "JPEG")
    settings = [ImageSettings(512), _by_shape(HIGH), _by_shape(LOW), ImageSettings(2000)]
    pictures = optimize_many(
        buffer.getvalue(), name="a", page=1, settings=settings, limits=Limits(), detail=True
    )
    sizes = [(picture.width, picture.height) for picture in pictures]
    assert sizes == [sent_size(setting, 900, 3600) for setting in settings]
