import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from tierwise.images.features import features
from tierwise.images.picture import Features
from tierwise.images.raster import Raster


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
