"""How far copies of a picture lie apart, and how far pages that differ by one digit.

    python -m bench.near_duplicates.measure [--each=20] [--real=../shared/data/archive/zzz...]

draws pages of three templates, saves each again at another quality, size or format, and once with
one digit of its number changed. `--real` names a folder whose pictures are saved again as well. The
same each time.
"""

from __future__ import annotations

import argparse
import io
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tierwise.errors import ImageError
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.images.unlikeness import unlikeness
from tierwise.near_duplicates import MOST_UNLIKE
from tierwise.records import ImageSettings

_SIZES = [(width, height) for width in (1000, 2000) for height in (12, 16, 24)]
_LOOKALIKES = dict(zip("0123456789", "8739165135", strict=True))
_WORDS = [
    "delivery",
    "of",
    "parts",
    "service",
    "monthly",
    "fee",
    "discount",
    "carriage",
    "packing",
    "tax",
    "item",
    "labour",
]
_INKS = ("#1e1e1e", "#303060", "#787878")
_SETTINGS = ImageSettings(256, quality=98, tokens=2240)
_KERNELS = (Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BILINEAR)


def page(template: int, number: str, width: int, height: int) -> Image.Image:
    """A page of that many px whose print is `height` px high."""
    chance = random.Random(template)
    image = Image.new("RGB", (width, width * 7 // 5), "#fcfcfa")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=height)
    ink = _INKS[template % len(_INKS)]
    pen.text(
        (width // 10, width // 14), "INVOICE", font=ImageFont.load_default(3 * height), fill=ink
    )
    pen.text((width * 6 // 10, width // 7), f"No. {number}", font=font, fill=ink)
    for top in range(width // 3, width * 6 // 5, height * 8 // 5):
        words = " ".join(chance.choice(_WORDS) for _ in range(6))
        pen.text((width // 10, top), words, font=font, fill=ink)
        amount = f"{chance.randrange(100, 99999) / 100:.2f}"
        pen.text((width * 7 // 10, top), amount, font=font, fill=ink)
    return image


def saved(image: Image.Image, kind: str, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=quality)
    return buffer.getvalue()


def again(data: bytes, chance: random.Random) -> bytes:
    """A copy: half of them smaller, down to 0.8, most of them JPEG, of quality 50 and above."""
    with Image.open(io.BytesIO(data)) as found:
        image = found.convert("RGB")
    if chance.random() < 0.5:
        scale, kernel = chance.uniform(0.8, 1), chance.choice(_KERNELS)
        image = image.resize([round(side * scale) for side in image.size], kernel)
    kind = chance.choice(["JPEG", "JPEG", "JPEG", "WEBP", "PNG"])
    return saved(image, kind, chance.choice([50, 60, 70, 75, 85, 90, 95]))


def apart(one: bytes, other: bytes) -> float:
    first, second = (
        optimize(data, name="x", page=1, settings=_SETTINGS, limits=Limits())
        for data in (one, other)
    )
    return unlikeness(first, second)


def drawn_pairs(each: int) -> Iterator[tuple[bytes, bytes, bytes]]:
    """A page, its copy, and the page with one other digit."""
    for width, height in _SIZES:
        for turn in range(each):
            chance = random.Random(f"{width} {height} {turn}")
            number = str(chance.randrange(10**5, 10**6))
            place = chance.randrange(6)
            other = number[:place] + _LOOKALIKES[number[place]] + number[place + 1 :]
            base = saved(page(turn % 3, number, width, height), "JPEG", chance.choice([75, 85, 95]))
            changed = page(turn % 3, other, width, height)
            yield base, again(base, chance), saved(changed, "JPEG", chance.choice([50, 60, 75, 95]))


def real_pairs(folder: Path, each: int) -> Iterator[tuple[bytes, bytes]]:
    """A picture and a copy of it."""
    for path in sorted(folder.rglob("*.jp*g")):
        for turn in range(each):
            data = path.read_bytes()
            yield data, again(data, random.Random(f"{path.name} {turn}"))


def tell(name: str, found: list[float], quantiles: list[float]) -> None:
    shown = ", ".join(f"{q:g}: {np.quantile(found, q):.2f}" for q in quantiles)
    shared = sum(one <= MOST_UNLIKE for one in found)
    print(f"{name}: {shared} of {len(found)} would share; quantiles {shown}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--real", type=Path)
    wanted = parser.parse_args()
    with ThreadPoolExecutor(2) as pool:
        rows = pool.map(
            lambda row: (apart(*row[:2]), apart(row[0], row[2])), drawn_pairs(wanted.each)
        )
        copies, others = zip(*rows, strict=True)
        tell("copies of drawn pages", list(copies), [0.5, 0.9, 0.95, 0.98, 1])
        tell("one other digit", list(others), [0, 0.01, 0.05, 0.1, 0.5])
        if wanted.real:
            real = pool.map(lambda pair: _apart_if_read(*pair), real_pairs(wanted.real, 3))
            tell(
                "copies of real pictures",
                [x for x in real if x is not None],
                [0.5, 0.9, 0.95, 0.98, 1],
            )


def _apart_if_read(one: bytes, other: bytes) -> float | None:
    try:
        return apart(one, other)
    except ImageError:
        return None


if __name__ == "__main__":
    main()
