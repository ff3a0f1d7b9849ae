"""Intents in a bucket: one object a second at most, with all that is or may soon be under way."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from itertools import count

from tierwise.journal.intents import (
    Check,
    Intent,
    Intents,
    Sending,
    Sums,
    UnderWay,
    intents_name,
    unchecked,
)
from tierwise.storage.files import files_for, join

_PERIOD_S = 1.0


class IntentObjects(Intents):
    """Belongs to one event loop. At most `most` requests are announced at a time.

    A request is announced while it waits for its turn, so that the wait for the next object costs
    no time while there is enough to do. Those that were announced and not yet sent when a process
    is killed count as under way.
    """

    def __init__(
        self, folder: str, ready: Callable[[], Awaitable[None]], executor: Executor, most: int
    ) -> None:
        self._folder = folder
        self._ready = ready
        self._executor = executor
        self._room = asyncio.Semaphore(most)
        self.process = uuid.uuid4().hex
        self._numbers, self._keys = count(), count()
        self._known = UnderWay()
        self._waiting: list[asyncio.Future[None]] = []
        self._writing: asyncio.Task[None] | None = None
        self._last = ""
        self._told = UnderWay().encoded()
        self._written_at = -_PERIOD_S

    @asynccontextmanager
    async def announced(self, intent: Intent, check: Check = unchecked) -> AsyncIterator[Sending]:
        """Wait for an object that names the request."""
        async with self._room:
            key = str(next(self._keys))
            self._known.opened[key] = intent
            try:
                await self._durable()
                await check()
            except BaseException:
                del self._known.opened[key]
                raise
            sending = _InBucket(self)
            yield sending
            del self._known.opened[key]  # not reached after an exception: what became of it?

    async def tell(self) -> None:
        """Have it written that nothing is under way, where no later request may come to tell so."""
        while not self._known.opened and self._known.encoded() != self._told:
            await self._durable()

    async def ready(self) -> None:
        """Return once the journal can be written."""
        await self._ready()

    def add(self, paid: Sums) -> None:
        """Count what a reply settled."""
        self._known.settled += paid

    async def _durable(self) -> None:
        named = asyncio.get_running_loop().create_future()
        self._waiting.append(named)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await named

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            await asyncio.sleep(self._written_at + _PERIOD_S - time.monotonic())
            named, self._waiting = self._waiting, []
            self._written_at = time.monotonic()
            try:
                content = self._known.encoded()
                await loop.run_in_executor(self._executor, self._write, content)
                self._told = content
            except Exception as error:  # noqa: BLE001 - handed to everyone who waits for it
                for one in named:
                    if not one.done():
                        one.set_exception(error)
            else:
                for one in named:
                    if not one.done():
                        one.set_result(None)

    def _write(self, content: bytes) -> None:
        uri = join(self._folder, intents_name(self.process, next(self._numbers)))
        files_for(uri).write(uri, content, durable=True)
        if self._last:
            files_for(uri).delete(self._last)
        self._last = uri


class _InBucket(Sending):
    def __init__(self, objects: IntentObjects) -> None:
        self._objects = objects

    async def send(self) -> None:
        await self._objects.ready()

    def settle(self, paid: Sums) -> None:
        self._objects.add(paid)
