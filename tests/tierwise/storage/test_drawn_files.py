"""Drawn pictures as files: named by what they are, whole, once, and nothing else than pictures."""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.bucket import Bucket
from tierwise.answerer import Answerer, ServiceKind
from tierwise.storage.drawn_files import DrawnFiles, PictureKey, all_drawn

DEVELOPER = Answerer(ServiceKind.DEVELOPER)
VERTEX = Answerer(ServiceKind.VERTEX)
KEY = PictureKey("hero", "sha256:" + "a" * 64, "b" * 32)


def coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_a_picture_is_kept_once_and_found_by_whoever_may_take_it(
    draw: Callable[..., bytes], tmp_path: Path
) -> None:
    files = DrawnFiles(str(tmp_path), DEVELOPER)
    assert files.find(KEY) is None
    kept = files.keep(KEY, coded(draw(1)))
    assert kept.file == f"pictures/task=hero/sha256-{'a' * 64}-{'b' * 32}.jpg"
    assert (tmp_path / kept.file).read_bytes() == draw(1)
    assert (kept.width, kept.height, kept.format) == (64, 48, "jpeg")
    assert kept.bytes == len(draw(1))
    assert files.keep(KEY, coded(draw(2))) == kept  # the second is no reason to lose the first
    assert (tmp_path / kept.file).read_bytes() == draw(1)
    assert DrawnFiles(str(tmp_path), VERTEX).find(KEY) == kept
    emulator = Answerer(ServiceKind.EMULATOR, "tierwise/1")
    assert DrawnFiles(str(tmp_path), emulator).find(KEY) is None
    other = DrawnFiles(str(tmp_path), Answerer(ServiceKind.EMULATOR, "tierwise/2"))
    assert DrawnFiles(str(tmp_path), emulator).keep(KEY, coded(draw(3))).file
    assert other.find(KEY) is None
    assert len(all_drawn(str(tmp_path))) == 2
    assert not list((tmp_path / "pictures/task=hero").glob(".*"))  # nothing unfinished


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("wanted", ["png", "jpeg", "webp"])
def test_another_format_is_converted(
    draw: Callable[..., bytes], tmp_path: Path, form: str, wanted: str
) -> None:
    data = draw(1, form=form)
    kept = DrawnFiles(str(tmp_path), DEVELOPER).keep(KEY, coded(data), file_format=wanted)
    with Image.open(tmp_path / kept.file) as picture:
        assert (picture.format, picture.size) == (wanted.upper(), (64, 48))
    if form.lower() == wanted:
        assert (tmp_path / kept.file).read_bytes() == data


def test_transparency_becomes_white_where_there_is_none(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (30, 20), (200, 0, 0, 0)).save(buffer, "PNG")
    files = DrawnFiles(str(tmp_path), DEVELOPER)
    kept = files.keep(KEY, coded(buffer.getvalue()), file_format="jpeg")
    with Image.open(tmp_path / kept.file) as picture:
        assert picture.getpixel((5, 5)) == (255, 255, 255)


def bomb(width: int, height: int) -> bytes:
    """A small file that says that it is this large."""
    buffer = io.BytesIO()
    Image.new("L", (1, 1)).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "nothing that is known"),
        (b"GIF89a" + bytes(40), "its bytes are gif"),
        (b"<html>", "its bytes are html"),
        (b"%PDF-1.7", "its bytes are pdf"),
        (b"\xff\xd8\xff\xe0 no more", "cannot be decoded"),
        (bomb(20_000, 4), "20000 x 4 px"),
        (bomb(9_000, 9_000), "9000 x 9000 px"),
        (bomb(100, 100), "cannot be decoded"),
    ],
)
def test_what_is_no_picture_is_not_kept(tmp_path: Path, data: bytes, problem: str) -> None:
    kept = DrawnFiles(str(tmp_path), DEVELOPER).keep(KEY, coded(data))
    assert problem in kept.problem
    assert not kept.file
    assert not (tmp_path / "pictures").exists()


def test_in_a_bucket_too(draw: Callable[..., bytes], bucket: Bucket) -> None:
    del bucket
    files = DrawnFiles("gs://results/out", DEVELOPER)
    kept = files.keep(KEY, coded(draw(1)))
    assert files.keep(KEY, coded(draw(2))) == kept == files.find(KEY)
    assert all_drawn("gs://results/out") == [f"gs://results/out/{kept.file}"]
