"""What is measured: real photographs, scans and screenshots, and larger ones made of them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

ARCHIVE = Path(__file__).parents[3] / "shared" / "data" / "archive"


@dataclass(frozen=True, slots=True)
class Sample:
    """One file; `kind` names the row of the table that it belongs to."""

    kind: str
    name: str
    data: bytes


def read(name: str) -> bytes:
    """Read the one file of the archive with this name."""
    (path,) = ARCHIVE.rglob(name)
    return path.read_bytes()


def samples() -> list[Sample]:
    """Return every file that is measured."""
    photos = [
        "Ultra_HDR_Samples_Originals_01.jpg",
        "Ultra_HDR_Samples_Originals_05.jpg",
        "japanese-shop.jpg",
    ]
    smaller = ["30-type_error.jpg", "jolla.jpg"]
    found = [Sample("12 MP JPEG", name, read(name)) for name in photos]
    found += [Sample("8 to 10 MP JPEG", name, read(name)) for name in smaller]
    found += [
        Sample("12 MP JPEG", f"{name} without its profile", without_profile(read(name)))
        for name in photos[:2]
    ]
    found += [Sample("24 MP JPEG", f"2 x {name}", tiled(read(name), 1, 2)) for name in photos]
    found += [Sample("scanned page JPEG", name, read(name)) for name in ("023.jpg", "459.jpg")]
    found.append(Sample("scanned page PNG", "typewriter.png", read("typewriter.png")))
    found.append(Sample("scanned page PNG", "023 as PNG", as_png(read("023.jpg"))))
    found.append(Sample("1080p PNG", "screenshots", screen()))
    found += [Sample("12 MP WebP", f"{name} as WebP", as_webp(read(name))) for name in photos]
    found += [Sample("40 KB JPEG", f"{name} at 512 px", small(read(name))) for name in photos]
    return found


def tiled(data: bytes, columns: int, rows: int) -> bytes:
    """Repeat a photograph and code it again, for sizes that no file of the archive has."""
    photo = Image.open(io.BytesIO(data)).convert("RGB")
    sheet = Image.new("RGB", (photo.width * columns, photo.height * rows))
    for column in range(columns):
        for row in range(rows):
            sheet.paste(photo, (column * photo.width, row * photo.height))
    return _saved(sheet, "JPEG", quality=88)


def without_profile(data: bytes) -> bytes:
    """Cut the colour profile out of a photograph, nothing else, to time the rest."""
    at = data.index(b"ICC_PROFILE") - 4
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    return data[:at] + data[at + 2 + length :]


def small(data: bytes) -> bytes:
    """Make a picture of 512 px and some 40 KB of a photograph, which is sent as it is."""
    photo = Image.open(io.BytesIO(data)).convert("RGB").resize((512, 512))
    codings = (_saved(photo, "JPEG", quality=quality) for quality in range(85, 30, -5))
    return next(coding for coding in codings if len(coding) < 42_000)


def as_webp(data: bytes) -> bytes:
    """Code a photograph as WebP."""
    return _saved(Image.open(io.BytesIO(data)).convert("RGB"), "WEBP", quality=80, method=2)


def as_png(data: bytes) -> bytes:
    """Code a scan as PNG."""
    return _saved(Image.open(io.BytesIO(data)).convert("RGB"), "PNG")


def screen() -> bytes:
    """Fill 1920 × 1080 px with real screenshots."""
    sheet = Image.new("RGB", (1920, 1080), "white")
    places = {
        "sample_screenshot.png": (0, 0),
        "seek.png": (1200, 500),
        "blog.png": (600, 560),
        "tour.png": (0, 700),
    }
    for name, place in places.items():
        sheet.paste(Image.open(io.BytesIO(read(name))).convert("RGB"), place)
    return _saved(sheet, "PNG")


def _saved(image: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
