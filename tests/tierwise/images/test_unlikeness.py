"""One picture saved twice is told from two pictures that are nearly the same."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.images.unlikeness import unlikeness
from tierwise.near_duplicates import MOST_UNLIKE
from tierwise.records import ImageSettings

SIZE = (600, 400)


def saved(image: Image.Image, kind: str = "JPEG", quality: int = 80) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **({} if kind == "PNG" else {"quality": quality}))
    return buffer.getvalue()


def apart(one: bytes, other: bytes) -> float:
    settings = ImageSettings(256, quality=98, tokens=2240)
    first, second = (
        optimize(data, name="x", page=1, settings=settings, limits=Limits())
        for data in (one, other)
    )
    found = unlikeness(first, second)
    assert unlikeness(second, first) == found
    return found


def scene(seed: int = 1) -> Image.Image:
    """Soft shapes in many colours with some noise, as a photograph has."""
    chance = np.random.default_rng(seed)
    coarse = Image.fromarray(chance.integers(30, 226, (9, 13, 3), dtype=np.uint8))
    pixels = np.asarray(coarse.resize(SIZE, Image.Resampling.BICUBIC), dtype=np.float32)
    return Image.fromarray((pixels + chance.normal(0, 3, pixels.shape)).clip(0, 255).astype("u1"))


def drawn(draw: Callable[[ImageDraw.ImageDraw], object], ground: Image.Image) -> Image.Image:
    image = ground.copy()
    draw(ImageDraw.Draw(image))
    return image


def text(
    where: tuple[int, int], words: str, size: int, ink: str = "#202020"
) -> Callable[..., None]:
    font = ImageFont.load_default(size=size)
    return lambda pen: pen.text(where, words, font=font, fill=ink)


PAPER = Image.new("RGB", SIZE, "#fbfaf8")
PAGE = drawn(text((40, 60), "A letter of some lines\nthat says little,\nto nobody.", 18), PAPER)
ICON = drawn(lambda pen: pen.ellipse((6, 6, 26, 26), fill="#3060c0"), Image.new("RGB", (32, 32)))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "again",
    [
        lambda image: saved(image, "JPEG", 95),
        lambda image: saved(image, "JPEG", 50),
        lambda image: saved(image, "WEBP", 75),
        lambda image: saved(image, "PNG"),
        lambda image: saved(image.resize((540, 360)), "JPEG", 80),
        lambda image: saved(image.resize((500, 333)), "JPEG", 80),
    ],
)
def test_saved_again_it_is_the_same(again: Callable[[Image.Image], bytes], seed: int) -> None:
    for image in (scene(seed), PAGE):
        assert apart(saved(image), again(image)) <= MOST_UNLIKE


def ring(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse((400, 40, 440, 80), outline="#a03030")


def badge(pen: ImageDraw.ImageDraw) -> None:
    pen.ellipse((22, 0, 31, 9), fill="#c02020")


def dated(day: str) -> Image.Image:
    return drawn(text((20, 370), day, 12, "#e0e040"), scene())


def numbered(page: str) -> Image.Image:
    return drawn(text((280, 380), page, 14), PAGE)


NEARLY = {
    "page number": (numbered("3"), numbered("8")),
    "stamp": (PAPER, drawn(ring, PAPER)),
    "watermark": (PAGE, drawn(text((200, 250), "COPY", 90, "#dcdcdc"), PAGE)),
    "icon's badge": (ICON, drawn(badge, ICON)),
    "mirrored": (scene(), ImageOps.mirror(scene())),
    "cropped": (scene(), scene().crop((12, 8, 588, 392))),
    "date": (scene(), dated("2026-01-31")),
    "other date": (dated("2026-01-21"), dated("2026-01-31")),
    "other shape": (scene(), scene().resize((400, 400))),
    "too small for its print": (PAGE, PAGE.resize((300, 200))),
}


@pytest.mark.parametrize(("one", "other"), NEARLY.values(), ids=NEARLY)
def test_a_small_difference_is_seen(one: Image.Image, other: Image.Image) -> None:
    for quality in (95, 60):
        assert apart(saved(one, quality=95), saved(other, quality=quality)) > MOST_UNLIKE


def test_colours_of_one_brightness_differ() -> None:
    shirt = drawn(lambda pen: pen.rectangle((200, 100, 400, 350), fill=(200, 60, 60)), PAPER)
    other = drawn(lambda pen: pen.rectangle((200, 100, 400, 350), fill=(40, 143, 60)), PAPER)
    shades = [np.asarray(image.convert("L")).astype(int) for image in (shirt, other)]
    assert np.abs(shades[0] - shades[1]).max() <= 2
    assert apart(saved(shirt), saved(other)) > MOST_UNLIKE


def test_one_pixel_can_be_compared() -> None:
    white, black = (Image.new("RGB", (1, 1), shade) for shade in ("white", "black"))
    assert apart(saved(white, "PNG"), saved(white, "PNG")) == 0
    assert apart(saved(white, "PNG"), saved(black, "PNG")) > MOST_UNLIKE


def test_random_templates_differ_by_a_digit() -> None:
    chance = random.Random(7)
    for number in range(12):
        size = chance.choice([12, 16, 24])
        one, other = chance.sample("0123456789", 2)
        page = drawn(text((40, 200), f"Invoice {number}417", size), PAGE)
        pages = [drawn(text((300, 200), f"No. 40{d}7", size), page) for d in (one, other)]
        qualities = chance.sample([50, 60, 75, 85, 95], 2)
        files = [saved(p, quality=q) for p, q in zip(pages, qualities, strict=True)]
        assert apart(*files) > MOST_UNLIKE
        assert apart(files[0], saved(pages[0], quality=qualities[1])) <= MOST_UNLIKE
