"""Sheets as the emulator sees them: each image by its own pixels, and fewer of them."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from tierwise.contact_sheets import Grid, grid_of, side_on_sheet
from tierwise.emulator.captions import Caption, read_caption
from tierwise.emulator.looks import look_at
from tierwise.emulator.request import SentPicture
from tierwise.emulator.views import view_of
from tierwise.images.contact_sheet import draw_contact_sheet
from tierwise.models import find_model
from tierwise.records import MediaResolution

MODEL = find_model("gemini-3.1-flash-lite")
HIGH = MediaResolution.HIGH


def encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def paper(side: int, *, written: bool) -> bytes:
    """A page of 1296 x 972 px with small print or none, made no longer than `side`."""
    page = Image.new("RGB", (1296, 972), (245, 245, 245))
    if written:
        font = ImageFont.load_default(size=14)
        for line in range(20):
            text = "the quick brown fox jumps over the lazy dog " * 4
            ImageDraw.Draw(page).text((40, 40 + line * 40), text, (0, 0, 0), font)
    page.thumbnail((side, side), Image.Resampling.LANCZOS)
    return encoded(page)


def sheet(pictures: list[bytes], quality: int = 85) -> SentPicture:
    drawn = draw_contact_sheet(pictures, first_number=1, output_format="jpeg", quality=quality)
    numbers = tuple(range(1, len(pictures) + 1))
    return SentPicture(drawn.data, "", HIGH, numbers, grid_of(len(pictures)))


@pytest.mark.parametrize(
    ("text", "caption"),
    [
        ("Image 3:", Caption((3,))),
        (
            "Images 5 to 8 on one sheet: 2 rows and 2 columns, ...",
            Caption((5, 6, 7, 8), Grid(2, 2)),
        ),
        ("Images 1 to 5 on one sheet: 2 rows and 3 columns.", Caption((1, 2, 3, 4, 5), Grid(3, 2))),
        ("photos 1-2, 1 row x 2 columns\nImage 1: a.jpg", Caption((1, 2), Grid(2, 1))),
        ("Images 1 to 9 on one sheet: 2 rows and 2 columns", None),
        ("Which images have 2 rows and 3 columns?", None),
    ],
)
def test_captions_are_read(text: str, caption: Caption | None) -> None:
    assert read_caption(text) == caption


@pytest.mark.parametrize("quality", [30, 85])
@pytest.mark.parametrize("count", [2, 4, 9, 16])
def test_each_image_is_seen_in_its_frame_whatever_its_size_and_ground(
    count: int, quality: int
) -> None:
    sizes = [(40 + 7 * number, 110 - 5 * number) for number in range(count)]
    grounds = ["white", "black", "navy", "yellow"]
    pictures = [
        encoded(Image.new("RGB", size, grounds[number % 4])) for number, size in enumerate(sizes)
    ]
    view = view_of(sheet(pictures, quality), MODEL, look_at)
    assert [(look.width, look.height) for look in view.looks] == sizes
    for number, look in enumerate(view.looks):
        assert round(look.white, 1) == float(number % 4 == 0)


def test_small_print_is_read_among_few_and_lost_among_many() -> None:
    def read(count: int) -> list[bool]:
        side = side_on_sheet(1824, count)
        pictures = [paper(side, written=number % 2 == 0) for number in range(count)]
        view = view_of(sheet(pictures), MODEL, look_at)
        return [look.text > 2 for look in view.looks]

    assert read(2) == [True, False]
    assert not any(read(16))


def test_a_sheet_that_is_larger_than_is_seen_loses_detail_in_every_cell() -> None:
    pictures = [paper(1296, written=True)] * 9
    seen = {
        resolution: view_of(
            SentPicture(sheet(pictures).data, "", resolution, tuple(range(1, 10)), grid_of(9)),
            MODEL,
            look_at,
        ).looks[4]
        for resolution in (MediaResolution.ULTRA_HIGH, MediaResolution.LOW)
    }
    assert seen[MediaResolution.ULTRA_HIGH].text > 2 > seen[MediaResolution.LOW].text


def test_words_for_a_grid_that_is_not_there_are_answered_nevertheless(
    emulator: Any, picture: Callable[..., bytes]
) -> None:
    properties = {"image": {"type": "INTEGER"}, "answer": {"type": "STRING", "enum": ["a", "b"]}}
    item = {"type": "OBJECT", "properties": properties, "required": ["image", "answer"]}
    schema = {"type": "ARRAY", "items": item, "minItems": 16, "maxItems": 16}
    data = base64.b64encode(picture(size=(9, 7))).decode()
    parts = [
        {"text": "Which?"},
        {"text": "Images 1 to 16 on one sheet: 4 rows and 4 columns."},
        {"inlineData": {"mimeType": "image/jpeg", "data": data}},
    ]
    config = {"responseMimeType": "application/json", "responseSchema": schema}
    status, reply = emulator.ask({"contents": [{"parts": parts}], "generationConfig": config})
    assert status == 200, reply
    items = json.loads(reply["candidates"][0]["content"]["parts"][0]["text"])
    assert [item["image"] for item in items] == list(range(1, 17))
