"""Photographs with and without some lines of small print, each in a folder of its label.

    python -m bench.calibration.small_print ../shared/data/labelled /tmp/printed 20

makes of the first twenty pictures of each label large ones, prints some lines on every third, and
writes `labels.csv` with what is right: `category`, the folder's name, and `printed`, yes or no. The
same each time. The print has one of two heights: the larger can be read at the media resolution
low, the smaller at medium sometimes, and at high.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_SIDE = 1824
_HEIGHTS, _LINES = (10, 24), 3
_EVERY = 3
_WORDS = ("not", "for", "sale", "sample", "copy", "property", "of", "the", "archive", "licence")


def make(source: Path, target: Path, per_label: int) -> Path:
    """Write the pictures and their manifest, whose path is returned."""
    lines = ["uri,category,printed"]
    for folder in sorted(path for path in source.iterdir() if path.is_dir()):
        (target / folder.name).mkdir(parents=True, exist_ok=True)
        for number, path in enumerate(sorted(folder.glob("*.jpg"))[:per_label]):
            printed = number % _EVERY == 0
            name = f"{folder.name}/{path.name}"
            draw = random.Random(name)
            _enlarged(path, draw, printed=printed).save(target / name, "JPEG", quality=90)
            lines.append(f"{name},{folder.name},{'yes' if printed else 'no'}")
    manifest = target / "labels.csv"
    manifest.write_text("\n".join(lines) + "\n", "utf-8")
    return manifest


def _enlarged(path: Path, draw: random.Random, *, printed: bool) -> Image.Image:
    with Image.open(path) as found:
        scale = _SIDE / max(found.size)
        size = round(found.width * scale), round(found.height * scale)
        picture = found.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    if printed:
        height = draw.choice(_HEIGHTS)
        step = 3 * height // 2
        top = draw.randrange(40, picture.height - (_LINES + 1) * step - 40)
        pen, font = ImageDraw.Draw(picture), ImageFont.load_default(height)
        pen.rectangle((30, top - 4, picture.width - 30, top + _LINES * step + 4), fill="white")
        for line in range(_LINES):
            words = " ".join(draw.choice(_WORDS) for _ in range(picture.width // (3 * height)))
            pen.text((40, top + line * step), words, fill="black", font=font)
    return picture


if __name__ == "__main__":
    print(make(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
