"""What is read of a file are the bytes that its hash was made of, or an error says why not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tierwise.answering.read_file import read_file
from tierwise.errors import ImageError, StoreError
from tierwise.images.limits import Limits
from tierwise.records import ImageFile, Reason
from tierwise.storage.listing import Named
from tierwise.transforms.hash_images import hash_file

LIMITS = Limits(patience_s=0.1)


def listed(path: Path) -> ImageFile:
    return hash_file(Named(path.name, str(path)))


def test_a_file_that_was_only_touched_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"picture")
    file = listed(path)
    os.utime(path, ns=(1, 1))
    assert read_file(file, LIMITS) == b"picture"


def test_other_bytes_are_never_taken_for_those_that_were_listed(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"picture")
    file = listed(path)
    path.write_bytes(b"another")  # of the same size
    os.utime(path, ns=(1, 1))
    with pytest.raises(StoreError, match=r"^a\.jpg: the file was changed after it was") as raised:
        read_file(file, LIMITS)
    assert raised.value.reason is Reason.STORE_UNAVAILABLE


def test_a_file_that_is_gone_is_no_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"picture")
    file = listed(path)
    path.unlink()
    with pytest.raises(StoreError, match=r"^a\.jpg: No such file"):
        read_file(file, LIMITS)
    assert listed(path).problem_reason is Reason.STORE_UNAVAILABLE
    with pytest.raises(StoreError, match=r"^a\.jpg: No such file"):
        read_file(listed(path), LIMITS)


def test_a_name_that_no_file_can_have_is_unreadable() -> None:
    file = hash_file(Named("a\0b.jpg", "a\0b.jpg"))
    assert file.problem_reason is Reason.UNREADABLE
    with pytest.raises(ImageError) as raised:
        read_file(file, LIMITS)
    assert not isinstance(raised.value, StoreError)
