"""Reading, listing and whole writing, wherever a file lives.

A URI is a local path or `gs://bucket/name`. Another store is added beside `LocalFiles` and
`GcsFiles`; callers know only `Files` and `files_for`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from functools import cache
from importlib import import_module
from typing import BinaryIO, Protocol

from tierwise.errors import InputError
from tierwise.storage.gcs_names import HOST_VARIABLE, SCHEME, check_name
from tierwise.storage.local_files import LocalFiles
from tierwise.storage.name_ranges import EVERY, Cut, NameRange
from tierwise.storage.stat import Stat

__all__ = ["Files", "Stat", "files_for", "join"]


class Files(Protocol):
    """What the job needs of a file system. Missing files raise `FileNotFoundError`."""

    def walk(self, folder: str, within: NameRange = EVERY) -> Iterator[Stat]:
        """Every file below a folder, in the order of the names; nothing for a missing folder.

        `within` is one of the ranges that `cut` gave.
        """

    def cut(self, folder: str, prefix: str = "") -> Cut:
        """Ranges that several workers can walk, of a folder's names with a certain beginning."""

    def folders(self, folder: str) -> list[str]:
        """Names of the folders directly below one, sorted; none if it is missing."""

    def stat(self, uri: str, *, waits: bool = True) -> Stat:
        """What is known of one file; `waits` for a store that is away, for two minutes."""

    def exists(self, uri: str) -> bool:
        """Whether there is a file of this name."""

    def is_folder(self, uri: str) -> bool:
        """Whether files can lie below this name."""

    def location(self, uri: str) -> str:
        """The region where a file lies, in small letters; empty where nobody tells."""

    def read(self, uri: str, version: str = "", *, waits: bool = True) -> bytes:
        """The whole file; `waits` as `stat` does.

        Raises:
            OSError: with ESTALE when it is no longer this `version`, if one is given.
        """

    def read_all(self, uris: Iterable[str]) -> Iterator[bytes]:
        """Small files, in this order, as fast as the store gives them."""

    def open(self, uri: str, ahead: int = 8 << 20, *, waits: bool = True) -> BinaryIO:
        """A stream for files that are read from front to back, `ahead` bytes to a request."""

    def content_hash(self, uri: str) -> str:
        """`algorithm:hex` of the bytes, without reading them where the store knows it."""

    def write(self, uri: str, data: bytes, *, durable: bool = False, aside: str = "") -> None:
        """Write a file whole or not at all; `durable` waits for the disk. Folders are made.

        What a writer that is killed leaves unfinished lies in the folder `aside`, or beside the
        file.
        """

    def write_new(self, uri: str, data: bytes) -> None:
        """Write a durable file that must not be there yet: of several writers one succeeds.

        Raises:
            FileExistsError: another was first.
        """

    def create(self, uri: str) -> AbstractContextManager[BinaryIO]:
        """A stream into a new file, which appears whole when the body ends without an error."""

    def try_to_write(self, folder: str) -> None:
        """Write a file below a folder and delete it again; raises `OSError`, and leaves nothing."""

    def silent_s(self, uri: str) -> float:
        """Seconds since a file was last written, by the clock of its store and no other."""

    def delete(self, uri: str, version: str = "") -> None:
        """Delete one file, and no other `version` of it; a missing one is not an error."""

    def move(self, source: str, target: str, version: str = "") -> None:
        """Put a file in the place of another, whole; a missing source is not an error.

        A source is moved once: of several that do it, those who come late find it gone and change
        nothing. Raises `OSError` when the source is no longer this `version`, if one is given.
        """

    def copy(self, source: str, target: str) -> None:
        """Give a file that nobody changes a second place; a missing one is an error."""

    def discard(self, folder: str, name: str) -> None:
        """Delete a file below a folder, and folders in between that it leaves empty."""

    def remove_folder(self, folder: str) -> None:
        """Delete a folder and all below it; a missing one is not an error."""

    def remove_unfinished(self, folder: str, older_than_s: float = 3600.0) -> None:
        """Delete what writers that were killed left half-written below a folder."""


_LOCAL: Files = LocalFiles()


def files_for(uri: str) -> Files:
    """The store that a URI belongs to.

    Raises:
        InputError: the scheme is not supported, or this cannot be an address.
    """
    if uri.startswith(SCHEME):
        check_name(uri)
        return _buckets(os.environ.get(HOST_VARIABLE))
    if "://" in uri:
        raise InputError(
            f"{uri!r}: this kind of address is not supported. Write a local path or "
            "gs://bucket/name, or mount the store as a folder."
        )
    return _LOCAL


@cache
def _buckets(at: str | None) -> Files:
    """A client keeps the address of its server, be it one on this machine: each has its own.

    Google's library takes long to import: whoever has all files on a disk does without it.
    """
    del at
    found: Files = import_module("tierwise.storage.gcs_files").GcsFiles()
    return found


def join(folder: str, *names: str) -> str:
    """Join names below a folder with single slashes.

    >>> join("out/", "answers", "task=a")
    'out/answers/task=a'
    """
    return "/".join([folder.rstrip("/") or folder, *names])
