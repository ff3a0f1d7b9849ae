"""Lists and tables that are named neither as manifests nor as pictures are refused with a hint."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tierwise.errors import InputError
from tierwise.storage.find_input import find_input
from tierwise.storage.listing import InputKind

NAMES = b"photos/a.jpg\nphotos/b.jpg\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("list.json", b'{"uri": "a.jpg"}\n{"uri": "b.jpg"}\n', "is JSON Lines, .*end with .jsonl"),
        ("list.json", b'[{"uri": "a.jpg"}]', "is a JSON array, .*one object per line"),
        ("list.json", b'{\n  "images": [\n', "is JSON, .*one object per line"),
        ("list.txt", NAMES, "is text, .*write uri into its first line"),
        ("list", NAMES, "is text"),
        ("names.lst", b"P1000001.JPG\nP1000002.JPG\n", "is text"),
        ("list.txt", "\ufeffa.jpg\nb.jpg\n".encode("utf-16-le"), "is text"),
        ("list.dat", "größe.jpg\n".encode() * 1000, "is text"),
        ("list.txt.gz", gzip.compress(NAMES, mtime=0), "is packed by gzip, .*such as list.csv.gz"),
        ("list.csv.zst", b"(\xb5/\xfd\x00", "is packed by zstd, .*Pack it with gzip"),
        ("list.csv.bz2", b"BZh9", "is packed by bzip2"),
        ("list.xlsx", b"PK\x03\x04", "is a spreadsheet, .*Save it as CSV"),
        ("list.avro", b"Obj\x01", "is Avro"),
        ("part-0000", b"PAR1", "is Parquet, .*end with .parquet"),
    ],
)
def test_a_list_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        find_input(str(tmp_path / name))
    assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.jpg", b"<html>not found</html>\n"),
        ("photo.jpg", b"404 not found\n"),
        ("drawing", b"<svg>\n</svg>\n"),
        ("picture", b"P3\n1 1\n255\n0 0 0\n"),
        ("scan.txt", b"\x89PNG\r\n\x1a\n"),
        ("raw.dng", b"II*\x00\x08\x00\x00\x00"),
        ("page", b"%PDF-1.7\n"),
        ("empty", b""),
    ],
)
def test_what_may_be_a_picture_is_tried(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert find_input(str(tmp_path / name)).kind is InputKind.FILE


def test_tables_in_a_folder_bring_a_hint(tmp_path: Path) -> None:
    for name in ("a.csv", "b.parquet"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match=r"write a pattern with their ending"):
        find_input(str(tmp_path))
