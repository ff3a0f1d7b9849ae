"""A mark changes with the bytes, or is not given."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tierwise.storage.disk_marks import mark_of

HOUR_S = 3600.0


def looked(path: Path, later_s: float) -> str:
    """The mark of a file, seen so long after it was written."""
    found = path.stat()
    return mark_of(found, found.st_ctime + later_s)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"abc")
    return path


def test_one_that_is_at_rest_has_one_and_keeps_it(file: Path) -> None:
    assert looked(file, HOUR_S) == looked(file, 2 * HOUR_S) != ""


@pytest.mark.parametrize("later_s", [0.0, 1.9, -1.0, -60.0])
def test_one_that_may_be_written_within_the_same_tick_has_none(file: Path, later_s: float) -> None:
    """Also where the clock of its server is ahead."""
    assert looked(file, later_s) == ""


def test_other_bytes_of_the_same_size_and_time_have_another(file: Path) -> None:
    before, mark = file.stat(), looked(file, HOUR_S)
    file.write_bytes(b"abd")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (
        before.st_size,
        before.st_mtime_ns,
        before.st_ino,
    )
    assert mark_of(after, after.st_ctime + HOUR_S) != mark


def test_another_file_in_its_place_has_another(file: Path) -> None:
    """As rsync and `cp -p` put one there, with the time of the original."""
    before, mark = file.stat(), looked(file, HOUR_S)
    other = file.with_name("b.jpg")
    other.write_bytes(b"abd")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(file)
    assert looked(file, HOUR_S) != mark


def test_a_time_that_somebody_set_far_ahead_is_no_reason_to_read_it_for_ever(file: Path) -> None:
    os.utime(file, (0, file.stat().st_mtime + 1000 * HOUR_S))
    assert looked(file, HOUR_S) != ""
    assert looked(file, 0.0) == ""
