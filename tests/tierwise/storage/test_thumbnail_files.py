"""Thumbnails are found by what they show, on a disk and in a bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tierwise.storage.thumbnail_files import thumbnails_below

SHA, MD5 = f"sha256:{'0a' * 32}", f"md5:{'1b' * 16}"


@pytest.mark.parametrize("where", ["disk", "bucket"])
def test_what_was_kept_is_found(where: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    output = str(tmp_path)
    if where == "bucket":
        request.getfixturevalue("bucket")
        output = "gs://results/out"
    kept = thumbnails_below(output)
    assert kept.names() == {}
    kept.write(SHA, 1, b"one")
    kept.write(MD5, 12, b"two")
    kept.write(SHA, 1, b"one again")  # by a bundle that was tried again
    names = kept.names()
    assert set(names) == {f"{SHA}#1", f"{MD5}#12"}
    uris = [names[f"{MD5}#12"], names[f"{SHA}#1"]]
    assert list(kept.read_all(uris)) == [b"two", b"one again"]


def test_other_files_are_no_thumbnails(tmp_path: Path) -> None:
    folder: Any = tmp_path / "thumbnails"
    folder.mkdir()
    for name in (
        "holiday.jpg",
        "img-2019-01.jpg",
        "sha256-xyz-1.jpg",
        "sha256-0a-1.png",
        ".hidden",
    ):
        (folder / name).write_bytes(b"")
    assert thumbnails_below(str(tmp_path)).names() == {}
