"""Thumbnails are small JPEGs with nothing in them but the picture."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize, optimize_many
from tierwise.images.thumbnail import thumbnail
from tierwise.records import ImageSettings


def sent(width: int, height: int, form: str = "JPEG", **more: object) -> bytes:
    buffer = io.BytesIO()
    image = Image.effect_noise((width, height), 60).convert("RGB")
    image.save(buffer, form, **more)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("width", "height", "small"),
    [(768, 512, (160, 107)), (100, 160, (99, 159)), (1, 1, (1, 1)), (3, 900, (1, 160))],
)
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_at_most_160_px(width: int, height: int, small: tuple[int, int], form: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Somebody's camera"
    data = sent(width, height, form, exif=exif)
    settings = ImageSettings(768)
    picture = optimize(data, name="a", page=1, settings=settings, limits=Limits())
    made = thumbnail(picture)
    with Image.open(io.BytesIO(made)) as image:
        assert image.format == "JPEG"
        assert abs(image.width - small[0]) <= 1
        assert abs(image.height - small[1]) <= 1
        assert not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"Somebody" not in made


def test_small_clean_pictures_are_coded_anew() -> None:
    """They are sent as they are, but their bytes are not shown to people."""
    data = sent(120, 90, quality=95)
    picture = optimize(data, name="a", page=1, settings=ImageSettings(768), limits=Limits())
    assert picture.passed_through
    assert thumbnail(picture) != data
    assert len(thumbnail(picture)) < len(data)


@pytest.mark.parametrize("sides", [(768,), (768, 512), (120,)])
def test_one_of_the_pixels_at_hand_shows_the_same(
    sides: tuple[int, ...], draw: Callable[..., bytes]
) -> None:
    data = draw(7, size=(1000, 600))
    wanted = [ImageSettings(side) for side in sides]
    plain = optimize_many(data, name="7.jpg", page=1, settings=wanted, limits=Limits())
    first, *others = optimize_many(
        data, name="7.jpg", page=1, settings=wanted, limits=Limits(), thumbnail=True
    )
    assert [picture.thumbnail for picture in others] == [b""] * len(others)
    small = Image.open(io.BytesIO(first.thumbnail))
    assert max(small.size) == min(160, *sides)
    assert not small.getexif()
    sent = Image.open(io.BytesIO(plain[0].data)).resize(small.size)
    assert np.abs(np.asarray(small, dtype=int) - np.asarray(sent, dtype=int)).mean() < 3
    same = [(one.data, one.width, one.features) for one in (first, *others)]
    assert same == [(one.data, one.width, one.features) for one in plain]


def test_a_picture_that_a_look_does_not_want_has_a_thumbnail_and_is_not_coded() -> None:
    data = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(data, "PNG")
    [picture] = optimize_many(
        data.getvalue(),
        name="a.png",
        page=1,
        settings=(ImageSettings(320),),
        limits=Limits(),
        thumbnail=True,
        look=lambda rasters: set(),
    )
    assert not picture.data
    assert picture.thumbnail
