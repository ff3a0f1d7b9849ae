"""Which bundle may spend on a shard: of several attempts at it, the last one alone.

    journal/attempts/<run id>/<shard>/<number>      one line for each process that ever began it

An attempt takes the next number, which only one of several can, and deletes the mark of the one
before. Only then it looks what that one may have cost: what the journal says, and what its process
wrote down as under way. Every request is written down first, and sent only while the mark of its
attempt is still there. So whoever comes next either counts a request or keeps it from being sent,
even where a worker that was given up goes on beside the one in its place.
"""

from __future__ import annotations

import asyncio
import uuid
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass

from tierwise.errors import OvertakenError
from tierwise.journal.intents import opened_by
from tierwise.journal.journal_files import ATTEMPTS, JournalFiles, shard_of
from tierwise.storage.files import Files, files_for, join


@dataclass(frozen=True, slots=True)
class Attempt:
    """One bundle's work on a shard, and what marks it; `before` are the processes before it."""

    shard: str
    mark: str
    content: bytes
    before: frozenset[str]

    def holds(self) -> bool:
        """Whether nobody has begun since, and the run still goes on."""
        try:
            return files_for(self.mark).read(self.mark) == self.content
        except FileNotFoundError:
            return False


class Fence:
    """Belongs to one event loop, and keeps an attempt that was overtaken from sending."""

    def __init__(self, attempt: Attempt, executor: Executor) -> None:
        self._attempt = attempt
        self._executor = executor
        self._looking = asyncio.Lock()
        self._next: asyncio.Task[bool] | None = None

    async def check(self) -> None:
        """Return where the attempt holds, by a look that begins after this was called.

        Raises:
            OvertakenError: it does not.
        """
        if "://" not in self._attempt.mark:
            held = self._attempt.holds()
        else:  # a bucket takes a while: all who wait meanwhile share the next look
            self._next = self._next or asyncio.create_task(self._look())
            held = await asyncio.shield(self._next)
        if not held:
            raise OvertakenError(
                f"{self._attempt.mark}: another worker has begun the same part of the archive "
                "since, or the run is over. This one spends nothing more; what it paid is in the "
                "journal."
            )

    async def _look(self) -> bool:
        async with self._looking:
            self._next = None
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._executor, self._attempt.holds)


def begin_attempt(journal: JournalFiles, shard: str, process: str) -> Attempt:
    """Begin a shard in the place of whoever began it before; `process` names who writes intents."""
    folder = join(journal.attempts, shard or "all")
    files = files_for(folder)
    while True:
        with suppress(FileNotFoundError, FileExistsError):  # somebody else begins at this moment
            numbers = _numbers(files, folder)
            found = [files.read(join(folder, str(number))) for number in numbers]
            before = {line for content in found for line in content.decode().split()[1:]}
            number = 1 + max(numbers, default=0)
            content = "\n".join([uuid.uuid4().hex, *sorted({*before, process})]).encode()
            mark = join(folder, str(number))
            files.write_new(mark, content)
            others = [other for other in _numbers(files, folder) if other != number]
            if max(others, default=0) < number:
                for other in others:
                    files.delete(join(folder, str(other)))
                return Attempt(shard, mark, content, frozenset(before))
            files.delete(mark)  # the number was free again: others have begun and gone on


def under_way_before(journal: JournalFiles, attempt: Attempt) -> int:
    """The most that requests for its shard cost that attempts before it left open (nano-dollars).

    Look at these first and at the journal then: what becomes an answer in between counts twice
    rather than never.
    """
    if not attempt.before:
        return 0
    return sum(
        intent.worst
        for intent in opened_by(journal.intents, attempt.before)
        if any(shard_of(content, journal.digits) == attempt.shard for content, _ in intent.asked)
    )


def end_attempts(journal: str) -> None:
    """Let no worker of an earlier run send anything more, where that ran under a cap."""
    files_for(journal).remove_folder(join(journal, ATTEMPTS))


def _numbers(files: Files, folder: str) -> list[int]:
    names = (stat.uri.rpartition("/")[2] for stat in files.walk(folder))
    return [int(name) for name in names if name.isdecimal()]
