"""Whole writes, whole folders, and nothing passed over in silence, on a real disk."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tierwise.errors import InputError
from tierwise.storage.files import files_for, join
from tierwise.storage.local_files import LocalFiles
from tierwise.storage.stat import Stat

FILES = LocalFiles()
TEMPORARY = Path(tempfile.gettempdir())


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("durable", [False, True])
def test_a_write_makes_folders_and_leaves_one_file(tmp_path: Path, durable: bool) -> None:
    uri = join(str(tmp_path), "a", "b", "c.bin")
    FILES.write(uri, b"first", durable=durable)
    FILES.write(uri, b"second", durable=durable)
    assert FILES.read(uri) == b"second"
    assert below(tmp_path) == ["a/b/c.bin"]


def test_who_may_read_a_file_stays_the_same_and_a_link_stays_one(tmp_path: Path) -> None:
    place, link = tmp_path / "elsewhere" / "file", tmp_path / "link"
    place.parent.mkdir()
    place.write_bytes(b"old")
    place.chmod(0o600)
    link.symlink_to(place)
    FILES.write(str(link), b"new")
    assert (link.is_symlink(), place.read_bytes()) == (True, b"new")
    assert place.stat().st_mode & 0o777 == 0o600
    assert below(tmp_path) == ["elsewhere/file", "link"]


def test_trying_to_write_leaves_nothing(tmp_path: Path) -> None:
    FILES.try_to_write(f"{tmp_path}/new/below")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine").mkdir()
    FILES.try_to_write(f"{tmp_path}/mine")
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(OSError, match="file"):
        FILES.try_to_write(f"{tmp_path}/file/below")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "mine"]


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    uri = str(tmp_path / ("n" * 255))
    FILES.write(uri, b"x")
    assert FILES.exists(uri)


def test_a_stream_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    uri = str(tmp_path / "table")
    FILES.write(uri, b"old")

    def fail() -> None:
        with FILES.create(uri) as file:
            file.write(b"half of the new")
            raise RuntimeError("the writer broke")

    with pytest.raises(RuntimeError, match="broke"):
        fail()
    assert FILES.read(uri) == b"old"
    assert below(tmp_path) == ["table"]


def test_a_full_disk_raises_and_keeps_the_old_file(tmp_path: Path) -> None:
    """With a limit on file sizes, for which no disk has to be filled."""
    uri = str(tmp_path / "answers")
    program = (
        "import resource, signal, sys\n"
        "from tierwise.storage.local_files import LocalFiles\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "LocalFiles().write(sys.argv[1], b'old')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: LocalFiles().write(sys.argv[1], bytes(5000), durable=True)\n"
        "except OSError as error: sys.exit(error.errno)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, uri], check=False, timeout=60)
    assert done.returncode == errno.EFBIG
    assert FILES.read(uri) == b"old"
    assert below(tmp_path) == ["answers"]


def test_readers_see_the_old_or_the_new_file_while_a_writer_is_killed(tmp_path: Path) -> None:
    uri = str(tmp_path / "object")
    program = (
        "import sys\n"
        "from tierwise.storage.local_files import LocalFiles\n"
        "for n in range(10**9): LocalFiles().write(sys.argv[1], bytes([n % 256]) * 300_000)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", program, uri])
    try:
        deadline = time.monotonic() + 20
        while not FILES.exists(uri):
            assert time.monotonic() < deadline
        seen = [FILES.read(uri) for _ in range(200)]
    finally:
        writer.kill()
        writer.wait()
    seen.append(FILES.read(uri))
    assert {len(data) for data in seen} == {300_000}
    assert all(data.count(data[:1]) == len(data) for data in seen)


def test_a_file_is_moved_once_and_whoever_comes_late_changes_nothing(tmp_path: Path) -> None:
    source, target = str(tmp_path / "staged/a"), str(tmp_path / "out/a")
    FILES.write(source, b"old")
    FILES.move(source, target)
    FILES.write(target, b"new")
    FILES.move(source, target)
    assert (FILES.read(target), below(tmp_path)) == (b"new", ["out/a"])


def test_folders_that_others_delete_meanwhile_are_made_again(tmp_path: Path) -> None:
    names = [str(number) for number in range(300)]
    for name in names:
        FILES.write(str(tmp_path / "staged" / name), b"")
    stop = threading.Event()

    def delete() -> None:
        while not stop.is_set():
            with suppress(OSError):
                (tmp_path / "out").rmdir()

    thread = threading.Thread(target=delete)
    thread.start()
    for name in names:
        FILES.move(str(tmp_path / "staged" / name), str(tmp_path / "out" / name))
        FILES.move(str(tmp_path / "out" / name), str(tmp_path / "kept" / name))
    stop.set()
    thread.join()
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == sorted(names)


def test_silence_is_told_by_the_clock_of_the_disk(tmp_path: Path) -> None:
    FILES.write(str(tmp_path / "record"), b"")
    assert 0 <= FILES.silent_s(str(tmp_path / "record")) < 60
    os.utime(tmp_path / "record", (1, 1))
    assert FILES.silent_s(str(tmp_path / "record")) > 1e9
    assert below(tmp_path) == ["record"]


def test_what_is_being_written_is_not_taken_for_a_leftover(tmp_path: Path) -> None:
    unfinished = [tmp_path / f".{digit * 32}.tmp" for digit in "01"]
    for path in unfinished:
        path.write_bytes(b"half")
    os.utime(unfinished[0], (1, 1))
    FILES.remove_unfinished(str(tmp_path))
    assert [path.exists() for path in unfinished] == [False, True]


def test_a_walk_is_sorted_and_goes_below(tmp_path: Path) -> None:
    for name in ("b/2", "b/1", "a", "c"):
        FILES.write(str(tmp_path / name), b"xy")
    walked = [str(tmp_path / name) for name in ("a", "c", "b/1", "b/2")]
    assert list(FILES.walk(str(tmp_path))) == [Stat(uri, 2) for uri in walked]
    assert FILES.folders(str(tmp_path)) == ["b"]


def test_a_missing_folder_holds_nothing(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    assert list(FILES.walk(missing)) == []
    assert FILES.folders(missing) == []
    FILES.delete(missing)
    FILES.remove_folder(missing)
    assert not FILES.is_folder(missing)
    with pytest.raises(FileNotFoundError):
        FILES.read(missing)


def test_a_link_that_leads_nowhere_is_listed_and_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    assert [stat.bytes for stat in FILES.walk(str(tmp_path))] == [0, 0]
    with pytest.raises(OSError, match=r"gone\.jpg"):
        FILES.content_hash(str(tmp_path / "gone.jpg"))


def test_what_is_no_file_is_listed_so_that_somebody_says_so(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert [stat.bytes for stat in FILES.walk(str(tmp_path))] == [0]


def test_an_unreadable_folder_raises(tmp_path: Path) -> None:
    """As another user where the tests run as root, whom nothing is hidden from."""
    secret = tmp_path / "secret"
    secret.mkdir()
    FILES.write(str(secret / "a.jpg"), b"x")
    secret.chmod(0)
    for path in (tmp_path, *tmp_path.parents):
        if TEMPORARY in path.parents:
            path.chmod(0o755)
    program = (
        "import os, sys\n"
        "from tierwise.storage.local_files import LocalFiles\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "try: list(LocalFiles().walk(sys.argv[1]))\n"
        "except PermissionError as error: sys.exit(0 if 'secret' in str(error) else 1)\n"
        "sys.exit('the folder was passed over')\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, timeout=60)
    secret.chmod(0o755)
    assert done.returncode == 0


def test_a_content_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    uri = str(tmp_path / "a")
    FILES.write(uri, b"abc" * 100_000)
    assert FILES.content_hash(uri) == "sha256:" + hashlib.sha256(b"abc" * 100_000).hexdigest()


def test_an_unsupported_address_is_refused() -> None:
    with pytest.raises(InputError, match="'ftp://x/y': this kind of address is not supported"):
        files_for("ftp://x/y")
    assert isinstance(files_for("a:b/c"), LocalFiles)


def test_linked_folders_are_entered_once(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").write_bytes(b"a")
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "link").symlink_to(tmp_path / "real")
    (tmp_path / "archive" / "circle").symlink_to(tmp_path / "archive")
    listed = [stat.uri for stat in LocalFiles().walk(str(tmp_path / "archive"))]
    assert listed == [str(tmp_path / "archive" / "link" / "a.jpg")]


@pytest.mark.parametrize("path", ["pipe", "/dev/zero", "/dev/tty", "/proc/self/stat", "."])
def test_what_has_no_end_is_not_opened(tmp_path: Path, path: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    for read in (FILES.content_hash, FILES.read, FILES.open):
        with pytest.raises(OSError, match="not a regular file"):
            read(str(tmp_path / path))
