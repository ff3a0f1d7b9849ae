"""Every name once, with the hash of its content or the reason why there is none."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import apache_beam as beam
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from tierwise.images.limits import LARGEST_FILE_BYTES
from tierwise.records import Reason
from tierwise.skipped_files import SkippedFiles
from tierwise.storage.find_input import find_input
from tierwise.storage.listing import Named
from tierwise.transforms.hash_images import REPEATED_NAMES, hash_file, keep_one
from tierwise.transforms.list_images import ListImages
from tierwise.transforms.list_names import SKIPPED


def test_files_are_hashed_and_others_skipped(
    pipeline: Callable[[], beam.Pipeline], tmp_path: Path
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"abc")
    (tmp_path / "notes.txt").write_bytes(b"no picture")
    digest = "sha256:" + hashlib.sha256(b"abc").hexdigest()
    with pipeline() as root:
        listed = root | ListImages(find_input(str(tmp_path)))
        shown = listed["files"] | beam.Map(lambda f: (f.uri, f.bytes, f.content_hash, f.problem))
        assert_that(shown, equal_to([(f"{tmp_path}/a.jpg", 3, digest, "")]), "files")
        skipped = SkippedFiles(
            {"not_pictures": 1}, {"not_pictures": f"{tmp_path}/notes.txt"}, frozenset()
        )
        assert_that(listed[SKIPPED], equal_to([skipped]), "skipped")


def test_no_file_of_a_folder_is_taken_for_another(
    pipeline: Callable[[], beam.Pipeline], tmp_path: Path
) -> None:
    named = [b"bad\xff\xfename.jpg", rb"bad\xff\xfename.jpg", rb"bad\x5cxff\xfename.jpg"]
    for name in named:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(name)
    (tmp_path / os.fsdecode(b"notes\xff.txt")).write_bytes(b"no picture")
    with pipeline() as root:
        listed = root | ListImages(find_input(str(tmp_path)))
        hashes = listed["files"] | beam.Map(lambda file: file.content_hash)
        wanted = ["sha256:" + hashlib.sha256(name).hexdigest() for name in named]
        assert_that(hashes, equal_to(wanted), "files")
        examples = listed[SKIPPED] | beam.Map(lambda skipped: skipped.examples)
        assert_that(examples, equal_to([{"not_pictures": rf"{tmp_path}/notes\xff.txt"}]), "skipped")
        assert_that(listed[REPEATED_NAMES], equal_to([]), "repeated")


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    for name, reason in (("none.jpg", "No such file"), ("a\0b.jpg", "null")):
        file = hash_file(Named(name, str(tmp_path / name), {"customer": "x"}))
        assert (file.uri, file.bytes, file.content_hash) == (name, 0, "")
        assert file.columns == {"customer": "x"}
        assert reason in file.problem


@given(st.permutations([None, "b", "a", 3]))
def test_the_same_row_is_kept_in_any_order(cells: list[str | int | None]) -> None:
    rows = [Named("a.jpg", "a.jpg", {"customer": cell}) for cell in cells]
    assert keep_one(rows) == Named("a.jpg", "a.jpg", {"customer": "a"})


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(50 * LARGEST_FILE_BYTES)
    file_record = hash_file(Named("huge.jpg", str(path)))
    assert (file_record.content_hash, file_record.problem_reason) == ("", Reason.TOO_LARGE)
    assert "20,000,000,000 bytes, the limit is 400,000,000" in file_record.problem
