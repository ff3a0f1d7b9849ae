import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tierwise.images.colour_detail import has_coloured_print
from tierwise.images.encoder import encode

RED, BLUE, YELLOW, WHITE, CREAM = (
    (200, 0, 0),
    (0, 0, 200),
    (255, 255, 0),
    (255,) * 3,
    (240, 240, 220),
)


def _print(ink: tuple[int, ...], paper: tuple[int, ...], lines: int = 30) -> np.ndarray:
    page = Image.new("RGB", (800, 600), paper)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=13)
    for line in range(lines):
        pen.text((10, 8 + 19 * line), "Total 1234.50 incl. VAT, payable in 30 days " * 3, ink, font)
    return np.asarray(page)


def _quality(sent: bytes, wanted: np.ndarray) -> float:
    """PSNR in dB."""
    got = np.asarray(Image.open(io.BytesIO(sent)).convert("RGB")).astype(float)
    return float(10 * np.log10(255**2 / ((got - wanted) ** 2).mean()))


@pytest.mark.parametrize("output_format", ["jpeg", "webp"])
@pytest.mark.parametrize(
    ("ink", "paper"), [(RED, WHITE), (BLUE, WHITE), (YELLOW, BLUE), (RED, CREAM)]
)
def test_coloured_print_keeps_its_colour(
    ink: tuple[int, ...], paper: tuple[int, ...], output_format: str
) -> None:
    page = _print(ink, paper)
    assert has_coloured_print(page)
    if output_format == "jpeg":
        for compact in (False, True):
            sent, _ = encode(page, output_format="jpeg", quality=95, compact=compact)
            assert _quality(sent, page) > 36


def test_a_line_of_coloured_print_is_enough() -> None:
    page = _print((0, 0, 0), WHITE)
    assert not has_coloured_print(page)
    page = page.copy()
    page[570:] = _print(RED, WHITE, lines=1)[:30]
    assert has_coloured_print(page)


@pytest.mark.parametrize("name", ["coffee.png", "astronaut.png", "landscape_1.jpg", "Thailand.jpg"])
def test_photographs_save_the_bytes(name: str, read: Callable[[str], bytes]) -> None:
    pixels = np.asarray(Image.open(io.BytesIO(read(name))).convert("RGB"))
    assert not has_coloured_print(pixels)


def test_a_picture_without_pairs_of_pixels_is_no_print() -> None:
    assert not has_coloured_print(np.zeros((1, 5, 3), np.uint8))
    assert not has_coloured_print(np.zeros((5, 1, 3), np.uint8))
    assert not has_coloured_print(np.zeros((8, 8, 1), np.uint8))
