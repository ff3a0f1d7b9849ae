"""Checksums of objects, computed once for each generation."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import google_crc32c

from tierwise.emulator.buckets.bucket_folder import StoredObject

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Checksums:
    """Both in base64, as the API shows them."""

    md5: str
    crc32c: str


@dataclass(slots=True)
class ChecksumMemory:
    """Remembers what was computed, by path and generation."""

    known: dict[tuple[Path, int, int], Checksums] = field(default_factory=dict)

    def of(self, found: StoredObject) -> Checksums:
        """The checksums of an object; reads it when it is new."""
        key = (found.path, found.generation, found.size)
        if key not in self.known:
            self.known[key] = _computed(found.path)
        return self.known[key]


def _computed(path: Path) -> Checksums:
    md5, crc32c = hashlib.md5(usedforsecurity=False), google_crc32c.Checksum()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            md5.update(piece)
            crc32c.update(piece)
    return Checksums(_base64(md5.digest()), _base64(crc32c.digest()))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
