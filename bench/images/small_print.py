"""How many words of small print survive what is sent: `python -m bench.images.small_print`.

A receipt of 600 x 4000 px is drawn with words of a list. What the model can see of it (the picture
as sent, no larger than its tokens show) is enlarged to the size of the receipt, and each word is
held against all words of the list: it survives where the right one is the likest. Not what a reader
of words would say, but the same measure before and after.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.long_pictures import Box, long_split, parts_of
from tierwise.records import ImageSettings
from tierwise.tiers import shown_by

SIZE, LETTERS, LINE, STEP = (600, 4000), 6, 16, 84
BUDGETS = {"low": 280, "medium": 560, "high": 1120}
SIDES = {"low": 912, "medium": 1296, "high": 1824}


def main() -> None:
    """Print the table."""
    print("| media resolution | print | one side for all shapes | own shape | split: long |")
    print("|---|---|---|---|---|")
    for height in (9, 11, 13):
        words, font = _words(), ImageFont.load_default(size=height)
        receipt, places = _receipt(words, font)
        looks = np.stack([_look(word, font) for word in words])
        for name, tokens in BUDGETS.items():
            ways = (
                ImageSettings(SIDES[name]),
                ImageSettings(SIDES[name], tokens=tokens),
                ImageSettings(SIDES[name], tokens=tokens, frames=long_split(tokens)),
            )
            shares = [_survivors(_seen(receipt, way, tokens), places, looks) for way in ways]
            cells = " | ".join(f"{100 * share:.0f} %" for share in shares)
            print(f"| {name} | {height} px | {cells} |")


def _words() -> list[str]:
    letters = np.random.default_rng(1).integers(97, 123, (200, LETTERS))
    return ["".join(map(chr, word)) for word in letters]


def _look(word: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> np.ndarray:
    picture = Image.new("L", (STEP, LINE), 255)
    ImageDraw.Draw(picture).text((2, 1), word, 0, font)
    return np.asarray(picture, dtype=float)


def _receipt(
    words: list[str], font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> tuple[Image.Image, dict[tuple[int, int], int]]:
    """The picture, and which word stands at which left and top."""
    picture = Image.new("L", SIZE, 255)
    pen, random, places = ImageDraw.Draw(picture), np.random.default_rng(2), {}
    for top in range(4, SIZE[1] - LINE, LINE + 3):
        for left in range(4, SIZE[0] - STEP, STEP):
            places[left, top] = int(random.integers(len(words)))
            pen.text((left + 2, top + 1), words[places[left, top]], 0, font)
    return picture, places


def _seen(receipt: Image.Image, settings: ImageSettings, tokens: int) -> list[np.ndarray]:
    """The receipt as its tokens show it, once for each part; what a part lacks is white."""
    buffer = io.BytesIO()
    receipt.convert("RGB").save(buffer, "PNG")
    parts: list[Box] = [(0, 0, *SIZE)]
    if settings.frames != "first":
        parts = parts_of(*SIZE, tokens)
    looks = []
    for page, part in enumerate(parts, start=1):
        limits = Limits()
        sent = optimize(
            buffer.getvalue(), name="receipt", page=page, settings=settings, limits=limits
        )
        shown = Image.open(io.BytesIO(sent.data)).convert("L")
        shown = shown.resize(shown_by(tokens, *shown.size), Image.Resampling.LANCZOS)
        canvas = Image.new("L", SIZE, 255)
        size = (part[2] - part[0], part[3] - part[1])
        canvas.paste(shown.resize(size, Image.Resampling.BICUBIC), part[:2])
        looks.append(np.asarray(canvas, dtype=float))
    return looks


def _survivors(
    seen: list[np.ndarray], places: dict[tuple[int, int], int], looks: np.ndarray
) -> float:
    """The share of the words that are read in any of the parts."""
    wanted = looks - looks.mean(axis=(1, 2), keepdims=True)
    wanted /= np.linalg.norm(wanted, axis=(1, 2), keepdims=True)
    right = 0
    for (left, top), word in places.items():
        crops = (one[top : top + LINE, left : left + STEP] for one in seen)
        right += any(_likest(crop, wanted) == word for crop in crops)
    return right / len(places)


def _likest(crop: np.ndarray, wanted: np.ndarray) -> int:
    crop = crop - crop.mean()
    if not crop.any():
        return -1
    return int(np.tensordot(wanted, crop, axes=2).argmax())


if __name__ == "__main__":
    main()
