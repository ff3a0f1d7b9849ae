"""Distinct pictures in any number, made of a few labelled ones: crops, mirrored, recoloured.

They stand for an archive of one kind of thing. All are other contents, and none is as another was.
"""

from __future__ import annotations

import io
import random
from pathlib import Path

from PIL import Image, ImageEnhance

FOLDERS = Path("../shared/data/labelled")


def pool(folder: Path, count: int, *, side: int, seed: int = 7, of: Path = FOLDERS) -> list[Path]:
    """So many pictures of `side` px at most; the same for the same seed."""
    originals = sorted(path for path in of.rglob("*") if path.suffix.lower() in {".jpg", ".png"})
    folder.mkdir(parents=True, exist_ok=True)
    drawn, opened, made = random.Random(seed), dict[Path, Image.Image](), list[Path]()
    for number in range(count):
        path = originals[number % len(originals)]
        if path not in opened:
            with Image.open(path) as image:
                image.thumbnail((2 * side, 2 * side))
                opened[path] = image.convert("RGB")
        made.append(folder / f"{number:05}.jpg")
        made[-1].write_bytes(_varied(opened[path], drawn, side))
    return made


def _varied(image: Image.Image, drawn: random.Random, side: int) -> bytes:
    share = drawn.uniform(0.7, 0.98)
    width, height = (int(one * share) for one in image.size)
    left, top = drawn.randint(0, image.width - width), drawn.randint(0, image.height - height)
    image = image.crop((left, top, left + width, top + height))
    if drawn.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image = ImageEnhance.Color(image).enhance(drawn.uniform(0.4, 1.6))
    image = ImageEnhance.Brightness(image).enhance(drawn.uniform(0.7, 1.25))
    image.thumbnail((side, side))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=88)
    return data.getvalue()
