"""Contact sheets as they are drawn, pixel by pixel."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from tierwise.contact_sheets import GUTTER, layout_of
from tierwise.errors import ImageError
from tierwise.images.contact_sheet import ContactSheet, draw_contact_sheet
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.records import ImageSettings

ARCHIVE = Path(__file__).parents[3] / "examples" / "archive"
SIZES = st.lists(st.tuples(st.integers(1, 90), st.integers(1, 90)), min_size=2, max_size=16)


def coloured(size: tuple[int, int], number: int, form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    colour = (number * 97 % 256, number * 53 % 256, number * 151 % 256)
    Image.new("RGB", size, colour).save(buffer, form)
    return buffer.getvalue()


def drawn(pictures: list[bytes], first: int = 1, quality: int = 95) -> ContactSheet:
    return draw_contact_sheet(pictures, first_number=first, output_format="jpeg", quality=quality)


def pixels(data: bytes) -> NDArray[np.int16]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=np.int16)


@given(SIZES)
def test_every_picture_is_there_whole_and_unscaled(sizes: list[tuple[int, int]]) -> None:
    pictures = [coloured(size, number) for number, size in enumerate(sizes)]
    sheet = drawn(pictures)
    seen = pixels(sheet.data)
    assert seen.shape == (sheet.height, sheet.width, 3)
    assert (sheet.width, sheet.height) == layout_of(sizes).size
    for index, (width, height) in enumerate(sizes):
        left, top = layout_of(sizes).corner(index)
        cut = seen[top : top + height, left : left + width].mean(axis=(0, 1))
        # Colours of small pictures mix with their frame, for a JPEG halves them; light does not.
        light = cut @ [0.299, 0.587, 0.114]
        wanted = pixels(pictures[index])[0, 0] @ np.array([0.299, 0.587, 0.114])
        assert abs(light - wanted) < (6 if min(width, height) > 8 else 40)
        assert seen[top + height // 2, left - 1].max() < 140  # the frame
        assert seen[top : top + height, left - 6].min() > 200  # the ground


def test_each_number_stands_in_its_own_gutter_and_they_differ() -> None:
    seen = pixels(drawn([coloured((60, 40), 3)] * 6, first=9).data)
    layout = layout_of([(60, 40)] * 6)
    numbers = []
    for index in range(6):
        left, top = layout.corner(index)
        above = seen[top - GUTTER : top - 2, left : left + 40].max(axis=2)
        assert (above < 128).any(), index
        numbers.append(above < 128)
    assert len({number.tobytes() for number in numbers}) == 6


def test_drawing_a_photograph_costs_it_next_to_nothing() -> None:
    settings = ImageSettings(200)
    photo = (ARCHIVE / "pets" / "chelsea.png").read_bytes()
    picture = optimize(photo, name="a.png", page=1, settings=settings, limits=Limits())
    sheet = drawn([picture.data] * 4, quality=settings.quality)
    left, top = layout_of([(picture.width, picture.height)] * 4).corner(3)
    again = pixels(sheet.data)[top : top + picture.height, left : left + picture.width]
    assert psnr(again, pixels(picture.data)) > 42


def psnr(one: NDArray[np.int16], other: NDArray[np.int16]) -> float:
    error = np.mean((one.astype(np.float64) - other) ** 2)
    return float(10 * np.log10(255**2 / error))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_the_same_pictures_make_the_same_bytes(form: str) -> None:
    pictures = [coloured((40 + number, 30), number, form) for number in range(5)]
    assert drawn(pictures).data == drawn(pictures).data
    assert drawn(pictures).data != drawn(pictures[::-1]).data
    webp = draw_contact_sheet(pictures, first_number=1, output_format="webp", quality=80)
    assert webp.mime_type == "image/webp"
    assert Image.open(io.BytesIO(webp.data)).format == "WEBP"


@pytest.mark.parametrize("broken", [b"", b"no picture", coloured((30, 30), 1)[:60]])
def test_what_cannot_be_decoded_is_said(broken: bytes) -> None:
    with pytest.raises(ImageError, match="cannot be drawn on a contact sheet"):
        drawn([coloured((30, 30), 1), broken])
