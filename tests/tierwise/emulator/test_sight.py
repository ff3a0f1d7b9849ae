"""What the eye keeps: shape, size, and detail by media resolution."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tierwise.emulator.refusals import Refusal
from tierwise.emulator.sight import see
from tierwise.models import find_model
from tierwise.records import MediaResolution

MODEL = find_model("gemini-3.1-flash-lite")
OLDER = find_model("gemini-2.5-flash-lite")
LOW, HIGH = MediaResolution.LOW, MediaResolution.HIGH


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_formats(picture: Any, form: str) -> None:
    seen = see(picture((90, 60), form=form), MODEL, LOW)
    assert (seen.width, seen.height) == (90, 60)
    assert seen.pixels.shape == (60, 90, 3)


@pytest.mark.parametrize("form", ["TIFF", "GIF", "BMP"])
def test_formats_that_are_not_taken(picture: Any, form: str) -> None:
    with pytest.raises(Refusal, match="Unable to process input image"):
        see(picture(form=form), MODEL, LOW)


def test_a_large_picture_loses_pixels_by_media_resolution(picture: Any) -> None:
    data = picture((4000, 3000))
    widths = {r: see(data, MODEL, r).pixels.shape[1] for r in MediaResolution}
    assert widths == {"low": 912, "medium": 1296, "high": 1824, "ultra_high": 2592}
    assert see(data, MODEL, None).pixels.shape[1] == 1824
    assert see(data, OLDER, LOW).pixels.shape[1] == 384


def test_a_small_picture_is_not_enlarged(picture: Any) -> None:
    assert see(picture((30, 20)), MODEL, HIGH).pixels.shape == (20, 30, 3)


def test_orientation_is_applied(picture: Any) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    seen = see(picture((80, 40), exif=exif), MODEL, LOW)
    assert (seen.width, seen.height) == (40, 80)
    assert seen.pixels.shape == (80, 40, 3)


def test_transparency_is_seen_on_white() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(buffer, "PNG")
    assert see(buffer.getvalue(), MODEL, LOW).pixels.min() == 255


@settings(deadline=None)
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=8))
def test_damage_is_refused_and_never_a_crash(place: int, junk: bytes) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(buffer, "PNG")
    data = buffer.getvalue()
    damaged = data[: place % len(data)] + junk
    try:
        assert see(damaged, MODEL, LOW).pixels.ndim == 3
    except Refusal as refusal:
        assert refusal.status == 400


def answer(emulator: Any, data: bytes, resolution: str, *more: str) -> str:
    blob = {"mimeType": "image/jpeg", "data": base64.b64encode(data).decode()}
    question = {"text": "Does the picture seem to carry text or a watermark?"}
    config = {
        "responseMimeType": "text/x.enum",
        "responseSchema": {"type": "STRING", "enum": ["yes", "no", *more]},
        "mediaResolution": f"MEDIA_RESOLUTION_{resolution}",
    }
    body = {"contents": [{"parts": [question, {"inlineData": blob}]}], "generationConfig": config}
    _, reply = emulator.ask(body)
    text: str = reply["candidates"][0]["content"]["parts"][0]["text"]
    return text


def test_small_text_is_lost_at_low(emulator: Any, picture: Any) -> None:
    small = picture((1800, 1350), "white", text_px=12, quality=90)
    large = picture((1800, 1350), "white", text_px=32, quality=90)
    none = picture((1800, 1350), "white", quality=90)
    for data, low, high in ((small, "no", "yes"), (large, "yes", "yes"), (none, "no", "no")):
        assert (answer(emulator, data, "LOW"), answer(emulator, data, "HIGH")) == (low, high)


def test_who_may_be_unsure_is_so_of_writing_that_is_too_small_to_be_read(
    emulator: Any, picture: Any
) -> None:
    small = picture((1800, 1350), "white", text_px=12, quality=90)
    none = picture((1800, 1350), "white", quality=90)
    assert answer(emulator, small, "LOW", "unsure") == "unsure"
    assert answer(emulator, small, "HIGH", "unsure") == "yes"
    assert answer(emulator, none, "LOW", "unsure") == "no"


def test_small_text_is_lost_when_sent_small(emulator: Any, picture: Any) -> None:
    with Image.open(io.BytesIO(picture((1800, 1350), "white", text_px=12, quality=90))) as image:
        image.thumbnail((768, 768))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=90)
    assert answer(emulator, buffer.getvalue(), "HIGH") == "no"


def test_real_documents_carry_text_and_real_landscapes_do_not(
    emulator: Any, shared_data: Path
) -> None:
    typed = shared_data / "archive" / "ocrmypdf+OCRmyPDF"
    assert typed.is_dir()
    page = next(shared_data.glob("archive/**/typewriter.png")).read_bytes()
    coast = next(shared_data.glob("archive/**/landscape_1.jpg")).read_bytes()
    assert answer(emulator, page, "HIGH") == "yes"
    assert answer(emulator, coast, "HIGH") == "no"
