import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tierwise.images.features import features
from tierwise.images.picture import Features
from tierwise.images.raster import Pixels, Raster


def _of(image: Image.Image) -> Features:
    pixels = np.ascontiguousarray(np.asarray(image.convert("RGB")))
    return features(Raster(pixels, *image.size))


def test_blur_lowers_sharpness(read: Callable[[str], bytes]) -> None:
    photo = Image.open(io.BytesIO(read("coffee.png")))
    assert _of(photo).sharpness > 2 * _of(photo.filter(ImageFilter.GaussianBlur(4))).sharpness


def test_text_has_more_texture_than_a_photograph(read: Callable[[str], bytes]) -> None:
    text = _of(Image.open(io.BytesIO(read("MultiLingual.png"))))
    photo = _of(Image.open(io.BytesIO(read("flower.jpg"))))
    assert text.text_texture > photo.text_texture
    assert text.flat > 0.7 > photo.flat


def test_hash_is_near_for_alike_and_far_for_unlike(read: Callable[[str], bytes]) -> None:
    photo = Image.open(io.BytesIO(read("coffee.png"))).convert("RGB")
    other = Image.open(io.BytesIO(read("flower.jpg")))
    same = (_of(photo).perceptual_hash ^ _of(photo.resize((300, 200))).perceptual_hash).bit_count()
    unlike = (_of(photo).perceptual_hash ^ _of(other).perceptual_hash).bit_count()
    assert same <= 6 < 16 <= unlike


def test_dominant_colours_come_most_frequent_first() -> None:
    image = Image.new("RGB", (64, 64), (255, 0, 0))
    image.paste((0, 0, 255), (0, 0, 64, 16))
    assert _of(image).dominant_colours == ("#ff0000", "#0000ff")


def test_tiny_pictures_have_features() -> None:
    for size in ((1, 1), (1, 300), (300, 1)):
        seen = _of(Image.new("RGB", size, (1, 2, 3)))
        assert seen.sharpness == 0
        assert 0 <= seen.perceptual_hash < 2**64


def _ripples() -> Pixels:
    rows, columns = np.mgrid[0:333, 0:517]
    planes = [rows * columns // 9, rows**2 // 50 + columns, 3 * columns - rows]
    return np.stack(planes, axis=-1).astype(np.uint8)


OF_COLOURS = Features(
    sharpness=7.814,
    text_texture=0.0149,
    flat=0.5513,
    dominant_colours=("#79a2a2", "#7a5d5f", "#7a9e60", "#84619e"),
    perceptual_hash=9666455595639549690,
)
OF_GREY = Features(
    sharpness=18.228,
    text_texture=0.0346,
    flat=0.1087,
    dominant_colours=("#606060", "#9f9f9f", "#262626", "#cdcdcd"),
    perceptual_hash=9224233226073831545,
)


@pytest.mark.parametrize(
    ("pixels", "seen"),
    [(_ripples(), OF_COLOURS), (np.ascontiguousarray(_ripples()[:150, :200, :1]), OF_GREY)],
    ids=["colours", "grey"],
)
def test_values_are_those_of_earlier_journals(pixels: Pixels, seen: Features) -> None:
    """Followers of near duplicates, and thresholds that were learnt, rest on them."""
    height, width = pixels.shape[:2]
    assert features(Raster(pixels, width, height)) == seen
