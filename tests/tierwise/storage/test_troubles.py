"""What each error of a disk counts as: the file is damaged in none of these cases."""

from __future__ import annotations

import errno
import os
import pickle
import socket
from pathlib import Path

import pytest

from tierwise.errors import StoreError
from tierwise.records import Reason
from tierwise.storage.local_files import LocalFiles
from tierwise.storage.stores import store_of
from tierwise.storage.troubles import why_unread

REFUSED, AWAY = Reason.STORE_REFUSED, Reason.STORE_UNAVAILABLE


@pytest.mark.parametrize(
    ("code", "reason", "passes"),
    [
        (errno.EACCES, REFUSED, False),
        (errno.EPERM, REFUSED, False),
        (errno.ENOENT, AWAY, False),
        (errno.ENOTDIR, AWAY, False),
        (errno.ESTALE, AWAY, False),
        (errno.EIO, AWAY, False),
        (errno.ENODEV, AWAY, False),
        (errno.EREMOTEIO, AWAY, False),
        (errno.ENOTCONN, AWAY, True),
        (errno.EHOSTDOWN, AWAY, True),
        (errno.EHOSTUNREACH, AWAY, True),
        (errno.ENETUNREACH, AWAY, True),
        (errno.ETIMEDOUT, AWAY, True),
        (errno.ECONNRESET, AWAY, True),
        (errno.EMFILE, AWAY, True),
        (errno.ENFILE, AWAY, True),
        (errno.EAGAIN, AWAY, True),
    ],
)
def test_each_error_of_a_disk(code: int, reason: Reason, passes: bool) -> None:
    found = why_unread("a.jpg", OSError(code, os.strerror(code)))
    assert isinstance(found, StoreError)
    assert (found.reason, found.passes, found.ended) == (reason, passes, False)
    assert found.message == f"a.jpg: {os.strerror(code)}"
    travelled = pickle.loads(pickle.dumps(found))
    assert (travelled.reason, travelled.message, travelled.passes) == (
        found.reason,
        found.message,
        found.passes,
    )


@pytest.mark.parametrize("code", [errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL])
def test_a_name_that_no_file_can_have_is_the_names_fault(code: int) -> None:
    assert why_unread("a", OSError(code, "no")).reason is Reason.UNREADABLE


def test_real_errors_of_a_real_disk(tmp_path: Path) -> None:
    files = LocalFiles()
    memory = "/proc/self/mem"  # whose first page nobody can read
    with pytest.raises(OSError) as raised, open(memory, "rb") as file:  # noqa: PTH123
        file.read(1)
    assert why_unread("a", raised.value).reason is AWAY
    with pytest.raises(OSError) as raised:
        files.read(str(tmp_path / "gone.jpg"))
    assert why_unread("a", raised.value).reason is AWAY
    (tmp_path / "file").touch()
    with pytest.raises(OSError) as raised:
        files.read(str(tmp_path / "file" / "a.jpg"))
    assert why_unread("a", raised.value).reason is AWAY
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "socket"))
        with pytest.raises(OSError) as raised:
            files.read(str(tmp_path / "socket"))
    assert why_unread("a", raised.value).reason is Reason.UNSUPPORTED_FORMAT


def test_a_file_that_was_written_to_is_not_the_one_that_was_listed(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"before")
    files = LocalFiles()
    version = files.stat(str(path)).version
    assert files.read(str(path), version) == b"before"
    path.write_bytes(b"behind")
    os.utime(path, ns=(1, 1))
    with pytest.raises(OSError, match="changed after it was listed") as raised:
        files.read(str(path), version)
    assert raised.value.errno == errno.ESTALE


def test_a_store_is_a_bucket_or_where_a_disk_is_mounted(tmp_path: Path) -> None:
    assert store_of("gs://one/a/b.jpg") == "gs://one"
    assert store_of("gs://two/a/b.jpg") == "gs://two"
    assert store_of("/proc/self/b.jpg") == "/proc"
    place = store_of(str(tmp_path / "a.jpg"))
    assert os.path.ismount(place)
    assert store_of("a.jpg") == store_of(f"{os.getcwd()}/b.jpg")  # noqa: PTH109
