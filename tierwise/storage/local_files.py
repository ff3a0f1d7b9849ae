"""Files on a local or mounted disk."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IMODE
from typing import BinaryIO

from tierwise.storage.descriptors import patiently
from tierwise.storage.disk_marks import mark_of
from tierwise.storage.name_ranges import EVERY, Cut, NameRange
from tierwise.storage.regular_files import open_regular
from tierwise.storage.stat import Stat

# So much at a time while a file is hashed: little, for most files are small.
_READ_BYTES = 1024 * 1024
# A file that is being written is touched more often than that; clocks of two machines differ less.
_FORSAKEN_S = 3600.0
# Of what another may undo meanwhile.
_TRIES = 8
_UNFINISHED = re.compile(r"\.[0-9a-f]{32}\.tmp")


class LocalFiles:
    """Implements `tierwise.storage.files.Files` on a disk."""

    def walk(self, folder: str, within: NameRange = EVERY) -> Iterator[Stat]:
        """Every file below a folder, sorted within each folder; each folder is entered once.

        Links to folders are followed. A link that leads nowhere is listed with size 0: whoever
        reads it hears what is wrong.
        """
        del within  # a disk's listing is not cut
        entered: set[str] = set()
        for parent, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
            real = os.path.realpath(parent)
            if real in entered:  # a link into a folder that was listed, or in a circle
                folders.clear()
                continue
            entered.add(real)
            folders.sort()
            for name in sorted(names):
                # As it was given: pathlib would drop "./".
                found = _look_at(os.path.join(parent, name))  # noqa: PTH118
                if found is not None:
                    yield found

    def cut(self, folder: str, prefix: str = "") -> Cut:
        """One range: only walking a disk would tell more."""
        del folder, prefix
        return Cut()

    def folders(self, folder: str) -> list[str]:
        """Names of the folders directly below one."""
        try:
            with os.scandir(folder) as entries:
                return sorted(entry.name for entry in entries if entry.is_dir())
        except (FileNotFoundError, NotADirectoryError):
            return []

    def stat(self, uri: str, *, waits: bool = True) -> Stat:
        """Size and version of one file."""
        del waits  # a disk's calls wait by themselves
        found = os.stat(uri)  # noqa: PTH116 - a million
        return Stat(uri, found.st_size, version=_version(found), mark=mark_of(found, time.time()))

    def exists(self, uri: str) -> bool:
        """Whether there is a file of this name."""
        return Path(uri).is_file()

    def is_folder(self, uri: str) -> bool:
        """Whether this is a folder."""
        return Path(uri).is_dir()

    def location(self, uri: str) -> str:
        """A disk has no region."""
        del uri
        return ""

    def read(self, uri: str, version: str = "", *, waits: bool = True) -> bytes:
        """The whole file; its version is its size and the moment of its last change."""
        del waits
        with open_regular(uri) as file:
            data = file.read()
            if version and version != _version(os.fstat(file.fileno())):
                message = "the file was changed after it was listed; run again"
                raise OSError(errno.ESTALE, message, uri)
        return data

    def read_all(self, uris: Iterable[str]) -> Iterator[bytes]:
        """One after the other: a disk has nothing to wait for."""
        return map(self.read, uris)

    def open(self, uri: str, ahead: int = 0, *, waits: bool = True) -> BinaryIO:
        """A stream of the file's bytes."""
        del ahead, waits  # the system reads ahead
        return open_regular(uri)

    def content_hash(self, uri: str) -> str:
        """SHA-256, which processors compute faster than MD5."""
        digest = hashlib.sha256()
        with open_regular(uri, buffering=0) as file:
            while data := file.read(_READ_BYTES):
                digest.update(data)
        return "sha256:" + digest.hexdigest()

    def write(self, uri: str, data: bytes, *, durable: bool = False, aside: str = "") -> None:
        """Write another file, then rename it: a reader sees the whole file or none."""
        with _replacing(Path(uri), aside) as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        if durable:
            _sync_folder(Path(uri).parent)

    def try_to_write(self, folder: str) -> None:
        """Write and delete, with the folders that were made for it."""
        probe = Path(folder, f".probe-{uuid.uuid4().hex}")
        made = [parent for parent in probe.parents if not parent.exists()]
        try:
            self.write(str(probe), b"")
            probe.unlink()
        finally:
            with suppress(OSError):  # somebody else writes there by now
                for parent in made:
                    parent.rmdir()

    def write_new(self, uri: str, data: bytes) -> None:
        """A link to a finished file, which appears whole; where there are no links, a new file."""
        path = Path(uri)
        unfinished = _unfinished(path)
        self.write(str(unfinished), data, durable=True)
        try:
            path.hardlink_to(unfinished)
        except FileExistsError:
            raise
        except OSError:
            with path.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        finally:
            unfinished.unlink(missing_ok=True)
        _sync_folder(path.parent)

    @contextmanager
    def create(self, uri: str) -> Iterator[BinaryIO]:
        """A stream into a new file, renamed to its place when the body ends without an error."""
        with _replacing(Path(uri)) as file:
            yield file

    def silent_s(self, uri: str) -> float:
        """Compared with a file that is written now: a shared disk has its server's clock."""
        probe = Path(uri).with_name(f".probe-{uuid.uuid4().hex}")
        try:
            probe.touch()
            return probe.stat().st_mtime - Path(uri).stat().st_mtime
        finally:
            probe.unlink(missing_ok=True)

    def delete(self, uri: str, version: str = "") -> None:
        """Delete one file."""
        del version  # a disk keeps none
        Path(uri).unlink(missing_ok=True)

    def move(self, source: str, target: str, version: str = "") -> None:
        """Rename; the folders of the target are made."""
        del version
        folder = Path(target).parent
        while True:  # until nobody deletes the folder meanwhile, which is empty
            try:
                folder.mkdir(parents=True, exist_ok=True)
                Path(source).replace(target)
            except FileExistsError:
                if folder.exists():  # and is none
                    raise
            except FileNotFoundError:
                if not Path(source).exists():
                    return
            else:
                return

    def copy(self, source: str, target: str) -> None:
        """A second name for the same bytes; where there are no links, the bytes again."""
        place = Path(target)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            place.hardlink_to(source)
        except FileNotFoundError:
            raise
        except OSError:
            with open_regular(source) as old, self.create(target) as new:
                shutil.copyfileobj(old, new)

    def discard(self, folder: str, name: str) -> None:
        """Delete a file, then its folders as long as they are empty."""
        path, top = Path(folder, name), Path(folder)
        path.unlink(missing_ok=True)
        with suppress(OSError):  # not empty, or gone
            for parent in path.relative_to(top).parents[:-1]:
                (top / parent).rmdir()

    def remove_folder(self, folder: str) -> None:
        """Delete a folder and all below it, also where another deletes it too."""
        for _ in range(_TRIES):
            if not Path(folder).exists():
                return
            try:
                shutil.rmtree(folder)
            except OSError as error:  # another deletes, or writes, below it
                if error.errno not in (errno.ENOENT, errno.ENOTEMPTY):
                    raise

    def remove_unfinished(self, folder: str, older_than_s: float = _FORSAKEN_S) -> None:
        """Delete files that were never renamed to their place; whoever writes one takes seconds."""
        for parent, _, names in os.walk(folder):
            for name in names:
                if _UNFINISHED.fullmatch(name):
                    path = Path(parent, name)
                    with suppress(FileNotFoundError):
                        if time.time() - path.stat().st_mtime >= older_than_s:
                            path.unlink()


@contextmanager
def _replacing(path: Path, aside: str = "") -> Iterator[BinaryIO]:
    """A new file, beside the path or in the folder `aside`, that takes its place at the end.

    Who may read the old file may read the new one, and nobody else. A link stays, and leads to it.
    """
    if not aside and path.is_symlink():
        path = Path(os.path.realpath(path))
    unfinished = Path(aside, _unfinished(path).name) if aside else _unfinished(path)
    try:
        with _open_new(unfinished) as file:
            with suppress(OSError):  # there is none yet, or the disk knows no modes
                os.fchmod(file.fileno(), S_IMODE(path.stat().st_mode))
            yield file
        if aside:
            path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _version(found: os.stat_result) -> str:
    return f"{found.st_size}-{found.st_mtime_ns}"


def _open_new(path: Path) -> BinaryIO:
    """A file in a folder that is made for it; another process may take it away once, empty."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return patiently(lambda: path.open("wb"))
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return patiently(lambda: path.open("wb"))


def _unfinished(path: Path) -> Path:
    """A name beside a file's; without the file's own, which could make it too long."""
    return path.with_name(f".{uuid.uuid4().hex}.tmp")


def _look_at(path: str) -> Stat | None:
    """A file's size; None for what is gone meanwhile.

    What is not a regular file has none: whoever reads it hears what is wrong.
    """
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError as error:
        if os.path.islink(path):  # noqa: PTH114
            return Stat(path, 0)
        if isinstance(error, FileNotFoundError):
            return None
        raise
    return Stat(path, found.st_size)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable: a file's new name is an entry of its folder."""
    descriptor = patiently(lambda: os.open(folder, os.O_RDONLY))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _raise(error: OSError) -> None:
    # os.walk would skip an unreadable folder in silence, and its images would be lost.
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error
