"""Intents on a disk: a line before each request, in a file that stays open."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from tierwise.journal.intents import (
    Check,
    Intent,
    Intents,
    Sending,
    Sums,
    UnderWay,
    closed_line,
    intents_name,
    opened_line,
    unchecked,
)

# After so many lines what is still open goes to a new file.
_MOST_LINES = 20_000


class IntentFile(Intents):
    """Belongs to one event loop. `ready` returns once the journal can be written.

    Lines are handed to the system, which keeps them when this process is killed; they are not
    forced to the disk one by one, so a machine that loses power may lose the last seconds of them.
    """

    def __init__(self, folder: str, ready: Callable[[], Awaitable[None]]) -> None:
        self._folder = Path(folder)
        self._ready = ready
        self.process = uuid.uuid4().hex
        self._numbers, self._keys = count(), count()
        self._file, self._path, self._lines = -1, Path(), 0
        self._known = UnderWay()

    @asynccontextmanager
    async def announced(self, intent: Intent, check: Check = unchecked) -> AsyncIterator[Sending]:
        """Only what is sent is written down: that takes no time worth hiding."""
        yield _OnDisk(self, intent, check)

    async def open(self, intent: Intent) -> str:
        """Write a request down; returns its key."""
        await self._ready()
        if self._file < 0 or self._lines >= _MOST_LINES:
            self._begin_file()
        key = str(next(self._keys))
        self._write(opened_line(key, intent))
        self._known.opened[key] = intent
        return key

    def close(self, key: str, paid: Sums) -> None:
        """Write down that a request is over."""
        self._known.opened.pop(key, None)
        self._known.settled += paid
        self._write(closed_line(key, paid))

    def _begin_file(self) -> None:
        """What holds now, in a file of its own, which appears whole; the one before it goes."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / intents_name(self.process, next(self._numbers))
        unfinished = path.with_name(f".{uuid.uuid4().hex}.tmp")
        how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        file = os.open(unfinished, how, 0o666)
        old, old_path = self._file, self._path
        self._file, self._path, self._lines = file, path, 0
        self._write(self._known.encoded())
        unfinished.replace(path)
        if old >= 0:
            os.close(old)
            old_path.unlink(missing_ok=True)

    def _write(self, line: bytes) -> None:
        written = os.write(self._file, line)
        if written < len(line):  # a full disk takes a part; the rest of the line says why
            os.write(self._file, line[written:])
        self._lines += 1

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        if self._file >= 0:  # as a program ends, `os` may be gone before this is
            close(self._file)


class _OnDisk(Sending):
    def __init__(self, file: IntentFile, intent: Intent, check: Check) -> None:
        self._file, self._intent, self._check, self._key = file, intent, check, ""

    async def send(self) -> None:
        self._key = await self._file.open(self._intent)
        try:
            await self._check()
        except BaseException:
            self._file.close(self._key, Sums())  # nothing was sent
            raise

    def settle(self, paid: Sums) -> None:
        self._file.close(self._key, paid)
