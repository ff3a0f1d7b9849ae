"""What is known of a file without opening it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stat:
    """A file's address, its size in bytes, and what its store tells besides.

    `content_hash` is `algorithm:hex`, empty where only reading would tell. `version` names these
    very bytes where a store keeps count, as a bucket does with generations; else it is empty.
    `content_type` is what whoever wrote the file said that it is, empty where nothing was said.
    `mark` is what a disk tells that changes with the bytes, empty where it cannot be relied on
    (`tierwise.storage.disk_marks`).
    """

    uri: str
    bytes: int
    content_hash: str = ""
    version: str = ""
    content_type: str = ""
    mark: str = ""
