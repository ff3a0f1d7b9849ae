"""Results on disk, cut into shards where they are many."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO


class ResultsWriter:
    """Writes lines into files of at most `most_rows` lines and about `most_bytes` bytes."""

    def __init__(self, folder: Path, most_rows: int | None, most_bytes: int | None) -> None:
        self._folder = folder
        self._most_rows = most_rows
        self._most_bytes = most_bytes
        self._file: BinaryIO | None = None
        self._rows = 0
        self.paths: list[Path] = []

    def write(self, line: bytes) -> None:
        """Add a line."""
        if self._file is None or self._is_full(self._file):
            self.close()
            self.paths.append(self._folder / f"results-{len(self.paths)}.jsonl")
            self._file, self._rows = self.paths[-1].open("wb"), 0
        self._file.write(line + b"\n")
        self._rows += 1

    def close(self) -> None:
        """End the file that is open."""
        if self._file:
            self._file.close()
            self._file = None

    def _is_full(self, file: BinaryIO) -> bool:
        if self._most_rows is not None and self._rows >= self._most_rows:
            return True
        return self._most_bytes is not None and file.tell() >= self._most_bytes
