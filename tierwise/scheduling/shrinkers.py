"""Who reads and shrinks pictures: threads of this process, or processes beside it.

Decoders release the interpreter's lock, but whatever lies between them needs it, and so does the
event loop that asks. One photograph takes 30 ms of a processor, and waits as often as it takes or
gives back the lock. Processes of their own wait for nobody: `bench/whole_job` has the figures.
They take a second of processor time to start, so that a small run does without.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Concatenate, ParamSpec, Protocol, TypeVar

from tierwise.answering.prepare import READERS
from tierwise.errors import ImageError
from tierwise.images.isolated.blame import PLAIN_SETTINGS, Blame, crashed, plain_picture
from tierwise.images.limits import Limits
from tierwise.images.optimization import optimize
from tierwise.records import ImageFile
from tierwise.scheduling.shrinker_group import DiedError, Link, ShrinkerGroup

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
OfFile = Callable[Concatenate[ImageFile, Arguments], Result]

# More than four shrink pictures faster than one event loop can ask about them.
_MOST = 4
_LEAST_FILES = 200
# A process that was ended otherwise than by a crash may have held the wrong picture.
_TRIES = 2


def shrinkers_for(files: int, *, asking: bool) -> int:
    """How many processes shrink the pictures of so many files; 0 for threads of this one.

    One per core; beside one that is `asking` no more than it can ask about.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    most = min(_MOST if asking else READERS, cores or 1)
    return most if files >= _LEAST_FILES and most > 1 else 0


async def shrinkers(count: int, threads: Executor) -> Shrinkers:
    """So many processes, or these threads: also where the system has no room for processes."""
    if count:
        processes = ShrinkingProcesses(count)
        try:
            await processes.start()
        except OSError:
            await processes.close()
        else:
            return processes
    return ShrinkingThreads(threads)


def _decode_plain_picture() -> None:
    """Whatever comes of it: that something does is all that is asked."""
    with suppress(ImageError):
        optimize(
            plain_picture(), name="plain.png", page=1, settings=PLAIN_SETTINGS, limits=Limits()
        )


class Shrinkers(Protocol):
    """Belong to one event loop."""

    async def call(
        self,
        function: OfFile[Arguments, Result],
        file: ImageFile,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Whatever a function of a file returns or raises.

        Raises:
            ImageError: besides what the function raises, processes end over this file.
            MachineError: they do over many, and over a plain picture.
        """

    async def close(self) -> None:
        """End what was started for them."""


@dataclass(frozen=True, slots=True)
class ShrinkingThreads:
    """Threads of this process."""

    executor: Executor

    async def call(
        self,
        function: OfFile[Arguments, Result],
        file: ImageFile,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """See `Shrinkers`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.executor, lambda: function(file, *args, **kwargs))

    async def close(self) -> None:
        """The executor is whoever's it is."""


class ShrinkingProcesses:
    """Processes beside this one; a picture that one of them dies of costs that picture alone."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._room = asyncio.Semaphore(READERS)
        self._idle: list[Link] = []
        self._groups: list[ShrinkerGroup] = []
        self._apart: ShrinkerGroup | None = None
        self._starting, self._one_apart = asyncio.Lock(), asyncio.Lock()
        self._blame = Blame()
        self._lock: IO[bytes] | None = None

    async def start(self) -> None:
        """Start them now, and not at the first call."""
        self._idle.append(await self._idle_link())

    async def call(
        self,
        function: OfFile[Arguments, Result],
        file: ImageFile,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """See `Shrinkers`."""
        work = pickle.dumps((function, (file, *args), kwargs))
        async with self._room:
            link = await self._idle_link()
            try:
                found = await link.ask(work)
                self._idle.append(link)
            except DiedError:
                found = None
        if found is None:  # which of the calls that were under way did the process die of?
            found = await self._asked_apart(work, file)
        self._blame.came_back()
        returned, value = pickle.loads(found)  # noqa: S301 - ours
        if not returned:
            raise value
        result: Result = value
        return result

    async def close(self) -> None:
        """End the processes, and wait for them."""
        started, self._groups, self._idle, self._apart = self._groups, [], [], None
        await asyncio.gather(*(one.end() for one in started))
        if self._lock:
            self._lock.close()

    async def _idle_link(self) -> Link:
        async with self._starting:
            while True:
                while self._idle:
                    link = self._idle.pop()
                    if link.lives:
                        return link
                await self._start_missing()

    async def _start_missing(self) -> None:
        """As many processes as have ended, which at first is all."""
        links = -(-READERS // self._count)
        groups = [one for one in self._groups if one is not self._apart]
        for group in groups:
            if group.ended:
                await self._end(group)
        missing = self._count - sum(one.living for one in groups) // links
        # Elsewhere than on Linux, system libraries do not all survive a fork.
        forks = missing if sys.platform == "linux" else 1
        for _ in range(missing // forks):
            self._idle += (await self._started(forks, links * forks)).links

    async def _asked_apart(self, work: bytes, file: ImageFile) -> bytes:
        """What comes of a call in a process that has no other.

        Raises:
            ImageError: the process crashed, or one after the other was ended.
            MachineError: so were those of many others, and of a plain picture.
        """
        async with self._one_apart:
            found = await self._tried_apart(work)
            if isinstance(found, bytes):
                return found
            failure = self._blame.of(file.uri, found)
            if self._blame.doubtful:
                plain = pickle.dumps((_decode_plain_picture, (), {}))
                if not isinstance(await self._tried_apart(plain), bytes):
                    raise self._blame.of_machine()
        raise failure

    async def _tried_apart(self, work: bytes) -> bytes | int:
        """What comes of a call, or the exit status of the last process that ended over it."""
        for _ in range(_TRIES):
            group = self._apart = self._apart or await self._started(1, 1)
            try:
                return await group.links[0].ask(work)
            except DiedError:
                status = await self._end(group)
                if crashed(status):
                    break
            except asyncio.CancelledError:
                await self._end(group)
                raise
        return status

    async def _end(self, group: ShrinkerGroup) -> int:
        """Its exit status; it is not asked any more."""
        self._groups.remove(group)
        self._apart = None if group is self._apart else self._apart
        return await group.end()

    async def _started(self, count: int, links: int) -> ShrinkerGroup:
        self._lock = self._lock or tempfile.TemporaryFile()  # noqa: SIM115 - for all their time
        found = ShrinkerGroup(count, links, self._lock.fileno())
        self._groups.append(found)
        await found.connect()
        return found


class ShrinkersAside:
    """Processes for whoever has no event loop: a thread runs one for them.

    Raises:
        OSError: the system has no room for them.
    """

    def __init__(self, count: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="tierwise-shrinkers", daemon=True
        )
        self._thread.start()
        self._processes = ShrinkingProcesses(count)
        try:
            asyncio.run_coroutine_threadsafe(self._processes.start(), self._loop).result()
        except OSError:
            self.close()
            raise

    def submit(
        self,
        function: OfFile[Arguments, Result],
        file: ImageFile,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Future[Result]:
        """As `Shrinkers.call`, from any thread."""
        call = self._processes.call(function, file, *args, **kwargs)
        return asyncio.run_coroutine_threadsafe(call, self._loop)

    def close(self) -> None:
        """End the processes and the thread."""
        asyncio.run_coroutine_threadsafe(self._processes.close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
