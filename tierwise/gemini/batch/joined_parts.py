"""Several files read as one, from a disk or a bucket, with one of them open at a time."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from typing import BinaryIO

from tierwise.storage.files import files_for


def join_parts(uris: Sequence[str], chunk: int = 1 << 20) -> io.BufferedReader:
    """The parts as one seekable stream, whose reads are as long as they are asked for.

    Raises:
        OSError: a part is missing or cannot be read.
    """
    return io.BufferedReader(_Joined(uris), chunk)


class _Joined(io.RawIOBase):
    """Only what an upload needs: sizes, reading on, and starting anew."""

    def __init__(self, uris: Sequence[str]) -> None:
        super().__init__()
        self._uris = tuple(uris)
        self._sizes = tuple(files_for(uri).stat(uri).bytes for uri in uris)
        self._at = 0
        self._open: tuple[int, BinaryIO] | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: sum(self._sizes)}[whence]
        self._at = base + offset
        self._shut()
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        place, before = 0, 0
        while place < len(self._sizes) and self._at >= before + self._sizes[place]:
            before += self._sizes[place]
            place += 1
        if place == len(self._sizes):
            return 0
        data = self._file(place, self._at - before).read(
            min(len(buffer), before + self._sizes[place] - self._at)
        )
        if not data:
            raise OSError(f"{self._uris[place]} became shorter while it was read")
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        self._shut()
        super().close()

    def _file(self, place: int, at: int) -> BinaryIO:
        if self._open is None or self._open[0] != place:
            self._shut()
            uri = self._uris[place]
            self._open = place, files_for(uri).open(uri)
            self._open[1].seek(at)
        return self._open[1]

    def _shut(self) -> None:
        if self._open:
            self._open[1].close()
            self._open = None
