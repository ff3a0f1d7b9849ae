"""Makes answers durable, many in one object."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor

from tierwise.journal.journal_files import JournalFiles
from tierwise.journal.lines import Entry
from tierwise.storage.files import files_for


class JournalWriter:
    """Commits in groups: what arrives while one object is being written goes into the next.

    Belongs to one event loop; blocking writes go to the executor.
    """

    def __init__(self, files: JournalFiles, executor: Executor) -> None:
        self._files = files
        self._executor = executor
        self._waiting: list[tuple[Sequence[Entry], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._failed = False

    async def ready(self) -> None:
        """Return when an answer could be made durable, as far as is known.

        Raises:
            OSError: the last one could not, and a file still cannot be written.
        """
        if self._failed:
            files, loop = files_for(self._files.folder), asyncio.get_running_loop()
            await loop.run_in_executor(self._executor, files.try_to_write, self._files.folder)
            self._failed = False

    async def commit(self, entries: Sequence[Entry]) -> None:
        """Return when the entries are durable.

        Raises:
            OSError: they could not be written; they are paid and lost, and the run must stop.
        """
        if not entries:
            return
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((entries, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting = self._waiting, []
            entries = [entry for some, _ in group for entry in some]
            try:
                await loop.run_in_executor(self._executor, self._files.write, entries)
            except Exception as error:  # noqa: BLE001 - handed to everyone who waits for it
                self._failed = True
                for _, done in group:
                    if not done.done():
                        done.set_exception(error)
            else:
                for _, done in group:
                    if not done.done():
                        done.set_result(None)
