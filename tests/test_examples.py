"""The example archive is real, licensed, small, and has one of every kind that surprises people."""

import csv
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from tierwise.answers.labels import OneLabel
from tierwise.records import MediaResolution
from tierwise.tasks import load_tasks
from tierwise.tasks.task import Task

EXAMPLES = Path(__file__).parents[1] / "examples"
ARCHIVE = EXAMPLES / "archive"
LICENSES = ARCHIVE / "LICENSES.md"
SIDE_FILES = {LICENSES, ARCHIVE / "2009 holiday" / "notes.txt"}
PICTURES = sorted(path for path in ARCHIVE.rglob("*") if path.is_file() and path not in SIDE_FILES)
BROKEN = ARCHIVE / "web" / "upload failed.jpg"

MEGABYTE = 1_000_000
LICENCE_ROW = re.compile(
    r"\| `(?P<file>[^`]+)` \| (?P<source>[^|]+) \| `[^`]+`(?: at `[0-9a-f]{12}`)? "
    r"\| (?P<licence>[^|]+) \| (?P<attribution>[^|]+) \| `(?P<sha256>[0-9a-f]{64})` \|"
)
FREE = {
    *("MIT", "MIT-CMU", "Apache-2.0", "CC0 1.0", "public domain"),
    *("CC BY 4.0", "CC BY-SA 3.0", "CC BY-SA 4.0"),
}

pillow_heif.register_heif_opener()


def licences() -> dict[str, dict[str, str]]:
    rows = (LICENCE_ROW.fullmatch(line) for line in LICENSES.read_text("utf-8").splitlines())
    return {row["file"]: row.groupdict() for row in rows if row}


def manifest() -> list[dict[str, str]]:
    with (EXAMPLES / "manifest.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def opened(path: Path) -> Image.Image:
    return Image.open(BytesIO(path.read_bytes()))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def some(kind: str) -> list[Path]:
    return [path for path in PICTURES if path != BROKEN and opened(path).format == kind]


def test_the_archive_is_about_forty_pictures_in_at_most_four_megabytes() -> None:
    assert 38 <= len(PICTURES) <= 45
    assert sum(path.stat().st_size for path in ARCHIVE.rglob("*") if path.is_file()) <= 4 * MEGABYTE


def test_every_picture_has_its_licence_and_no_licence_is_left_over() -> None:
    assert set(licences()) == {path.relative_to(ARCHIVE).as_posix() for path in PICTURES}


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_picture_is_unchanged_and_free(path: Path) -> None:
    row = licences()[path.relative_to(ARCHIVE).as_posix()]
    assert row["sha256"] == sha256(path)
    assert row["licence"] in FREE
    assert not row["licence"].startswith("CC BY") or row["attribution"] != "none asked"


def test_each_licence_that_wants_its_text_has_it_or_a_link() -> None:
    texts = LICENSES.read_text("utf-8").split("## Texts")[1]
    assert all(licence in texts for licence in FREE - {"public domain"})


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_every_picture_but_the_broken_one_decodes(path: Path) -> None:
    if path == BROKEN:
        with pytest.raises(OSError, match="truncated"):
            opened(path).load()
    else:
        opened(path).load()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "HEIF", "AVIF"])
def test_every_format_is_there(kind: str) -> None:
    assert some(kind)


def test_a_tiff_has_pages_and_a_gif_moves() -> None:
    assert [path for path in some("TIFF") if getattr(opened(path), "n_frames", 1) == 3]
    assert [path for path in some("GIF") if getattr(opened(path), "is_animated", False)]


def test_a_photograph_is_turned_by_its_orientation_tag() -> None:
    orientation_tag = 0x0112
    assert [path for path in some("JPEG") if opened(path).getexif().get(orientation_tag) == 6]


def test_a_jpeg_is_cmyk_with_a_profile() -> None:
    [path] = [path for path in some("JPEG") if opened(path).mode == "CMYK"]
    assert b"SWOP" in opened(path).info["icc_profile"]


def test_a_png_has_a_palette_with_transparency() -> None:
    palettes = [opened(path) for path in some("PNG") if opened(path).mode == "P"]
    assert [picture for picture in palettes if "transparency" in picture.info]


def test_two_files_in_two_folders_are_the_same_picture() -> None:
    by_content: dict[str, list[Path]] = {}
    for path in PICTURES:
        by_content.setdefault(sha256(path), []).append(path)
    [twins] = [paths for paths in by_content.values() if len(paths) > 1]
    assert len({path.parent for path in twins}) == len({path.name for path in twins}) == 2


def test_names_are_as_messy_as_in_real_archives() -> None:
    names = [path.relative_to(ARCHIVE).as_posix() for path in PICTURES]
    assert any(" " in Path(name).parent.as_posix() for name in names)
    assert any("&" in name for name in names)
    assert any("," in name for name in names)
    assert any(not name.isascii() for name in names)
    assert any(Path(name).suffix.isupper() for name in names)
    # Composed, or a checkout on another system would find other names than the manifest's.
    assert all(unicodedata.is_normalized("NFC", name) for name in names)


def test_the_manifest_names_every_picture_once() -> None:
    uris = [row["uri"] for row in manifest()]
    assert sorted(uris) == sorted(path.relative_to(EXAMPLES).as_posix() for path in PICTURES)


def test_the_manifest_has_old_labels_for_most_some_of_them_stale() -> None:
    category = tasks()["category"].answer
    assert isinstance(category, OneLabel)
    labels = set(category.labels)
    old = [row["old_label"] for row in manifest()]
    assert 0 < old.count("") < len(old) / 4
    assert labels <= set(old)
    assert set(old) - labels - {""}
    assert {row["customer"] for row in manifest()} >= {"alpine-tours", "city-museum", "web-shop"}


def tasks() -> Mapping[str, Task]:
    path = EXAMPLES / "tasks.yaml"
    return {task.name: task for task in load_tasks(path.read_text("utf-8"), path=str(path)).tasks}


def test_the_tasks_ask_cheaply_first_and_dearly_where_it_is_worth_it() -> None:
    asked = tasks()
    assert list(asked) == ["category", "detail", "watermark", "filename"]
    category, watermark = asked["category"].route, asked["watermark"].route
    assert category.model == "gemini-3.1-flash-lite"
    assert (category.media_resolution, category.images_per_request) == (MediaResolution.LOW, 8)
    assert watermark.media_resolution == MediaResolution.HIGH
    assert asked["watermark"].depends_on == ("detail",)
    assert {"{language}", "{filename}"} <= set(re.findall(r"{\w+}", asked["filename"].prompt))
