"""Files on a local or mounted disk."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Stat:
    """A file's address and its size in bytes."""

    uri: str
    bytes: int


class LocalFiles:
    """Implements `storage.files.Files` on a disk."""

    def walk(self, folder: str) -> Iterator[Stat]:
        """Every file below a folder, sorted within each folder, links to folders not followed."""
        for parent, folders, names in os.walk(folder, onerror=_raise):
            folders.sort()
            for name in sorted(names):
                path = Path(parent) / name
                if path.is_file():
                    yield Stat(str(path), path.stat().st_size)

    def folders(self, folder: str) -> list[str]:
        """Names of the folders directly below one."""
        path = Path(folder)
        return sorted(e.name for e in path.iterdir() if e.is_dir()) if path.is_dir() else []

    def stat(self, uri: str) -> Stat:
        """Size of one file."""
        return Stat(uri, Path(uri).stat().st_size)

    def exists(self, uri: str) -> bool:
        """Whether there is a file of this name."""
        return Path(uri).is_file()

    def is_folder(self, uri: str) -> bool:
        """Whether this is a folder."""
        return Path(uri).is_dir()

    def read(self, uri: str) -> bytes:
        """The whole file."""
        return Path(uri).read_bytes()

    def open(self, uri: str) -> BinaryIO:
        """A stream of the file's bytes."""
        return Path(uri).open("rb")

    def content_hash(self, uri: str) -> str:
        """SHA-256, which processors compute faster than MD5."""
        with Path(uri).open("rb") as file:
            return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()

    def write(self, uri: str, data: bytes, *, durable: bool = False) -> None:
        """Write beside the target, then rename: a reader sees the whole file or none."""
        with self.create(uri) as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())

    @contextmanager
    def create(self, uri: str) -> Iterator[BinaryIO]:
        """A stream into a new file, renamed to its place when the body ends without an error."""
        path = Path(uri)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
        try:
            with unfinished.open("wb") as file:
                yield file
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise

    def delete(self, uri: str) -> None:
        """Delete one file."""
        Path(uri).unlink(missing_ok=True)

    def replace_folder(self, staged: str, target: str) -> None:
        """Two renames; a reader in between finds no folder, never a mixture."""
        if not Path(staged).exists():  # an earlier attempt has done it
            return
        place = Path(target)
        place.parent.mkdir(parents=True, exist_ok=True)
        old = place.with_name(f".{place.name}.{uuid.uuid4().hex}.old")
        if place.exists():
            place.rename(old)
        Path(staged).rename(place)
        self.remove_folder(str(old))

    def remove_folder(self, folder: str) -> None:
        """Delete a folder and all below it."""
        if Path(folder).exists():
            shutil.rmtree(folder)


def _raise(error: OSError) -> None:
    # os.walk would skip an unreadable folder in silence, and its images would be lost.
    if not isinstance(error, FileNotFoundError):
        raise error
