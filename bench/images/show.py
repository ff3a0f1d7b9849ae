"""Every file in, what came out, and a contact sheet: `python -m bench.images.show FOLDER OUT`.

Writes `OUT/table.md` and `OUT/sheet-N.png`; look at the sheets for turns, colours, transparency.
"""

from __future__ import annotations

import io
import sys
import time
from collections import Counter
from pathlib import Path

from PIL import Image, ImageDraw

from tierwise.errors import ImageError
from tierwise.images.inspection import inspect
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.images.picture import Picture
from tierwise.records import ImageSettings

SIDE, CELL, COLUMNS, ROWS = 768, 160, 10, 8


def main() -> None:
    """Go through one folder."""
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    outcomes, made, slowest = Counter[str](), [], 0.0
    with (out / "table.md").open("w") as table:
        table.write("| file | outcome | original | sent | bytes | to | ms |\n" + "|---" * 7 + "|\n")
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or path.suffix in {".csv", ".tsv"}:
                continue
            started = time.monotonic()
            for line, kind, picture in _outcomes(path):
                table.write(line)
                outcomes[kind] += 1
                if picture is not None:
                    made.append((path.name, picture))
            slowest = max(slowest, time.monotonic() - started)
    _sheets(made, out)
    print(f"{dict(outcomes)}; slowest file {slowest:.1f} s; {out}/table.md and contact sheets")


def _outcomes(path: Path) -> list[tuple[str, str, Picture | None]]:
    data, limits = path.read_bytes(), Limits()
    found: list[tuple[str, str, Picture | None]] = []
    try:
        source = inspect(data, name=path.name, limits=limits)
        for page in range(1, source.pages + 1):
            picture = optimize(
                data, name=path.name, page=page, settings=ImageSettings(SIDE), limits=limits
            )
            found.append((_line(path, page, source.pages, picture), source.format, picture))
    except ImageError as error:
        found.append((f"| {path.name} | {error.reason}: {error.message} |||||\n",
                      error.reason.value, None))  # fmt: skip
    return found


def _line(path: Path, page: int, pages: int, picture: Picture) -> str:
    how = "passed through" if picture.passed_through else "shrunk" if picture.resized else "recoded"
    name = path.name if pages == 1 else f"{path.name} page {page}"
    return (
        f"| {name} | {picture.format} {how} | {picture.original_width} × {picture.original_height}"
        f" | {picture.width} × {picture.height} | {picture.original_bytes:,} |"
        f" {len(picture.data):,} | {picture.milliseconds:.0f} |\n"
    )


def _sheets(made: list[tuple[str, Picture]], out: Path) -> None:
    per_sheet = COLUMNS * ROWS
    for first in range(0, len(made), per_sheet):
        sheet = Image.new("RGB", (COLUMNS * CELL, ROWS * CELL), (200, 0, 200))
        draw = ImageDraw.Draw(sheet)
        for index, (name, picture) in enumerate(made[first : first + per_sheet]):
            left, top = index % COLUMNS * CELL, index // COLUMNS * CELL
            image = Image.open(io.BytesIO(picture.data)).convert("RGB")
            image.thumbnail((CELL - 6, CELL - 18))
            sheet.paste(image, (left, top + 12))
            draw.text((left, top), name[:24].encode("ascii", "replace").decode(), fill="white")
        sheet.save(out / f"sheet-{first // per_sheet + 1}.png")


if __name__ == "__main__":
    main()
