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
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import IO, Any, Concatenate, ParamSpec, Protocol, TypeVar

from tierwise.answering.prepare import READERS
from tierwise.errors import ImageError
from tierwise.records import ImageFile, Reason
from tierwise.scheduling import shrinker_process
from tierwise.scheduling.shrinker_process import HEAD

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
OfFile = Callable[Concatenate[ImageFile, Arguments], Result]

# More than four shrink pictures faster than one event loop can ask about them.
_MOST = 4
_LEAST_FILES = 200
# What a decoder dies of. Whoever is killed otherwise had no such picture.
_CRASHES = {
    *(signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP),
}
_ENDING_S = 20.0
_ENVIRONMENT = {
    # One thread decodes, and the planes of one picture are used again for the next: to give them
    # back each time costs a twentieth of the time.
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "16000000",
    "MALLOC_TRIM_THRESHOLD_": "24000000",
    "OPENBLAS_NUM_THREADS": "1",
    # An archive may hold a pickle.py, and be the working directory.
    "PYTHONSAFEPATH": "1",
}


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
            ImageError: besides what the function raises, a decoder crashed on this file.
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
        self._idle: list[_Link] = []
        self._all: list[_Process] = []
        self._starting, self._one_alone = asyncio.Lock(), asyncio.Lock()
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
            except _DiedError:
                found = None
        if found is None:  # which of the calls that were under way did the process die of?
            found = await self._alone(work, file)
        returned, value = pickle.loads(found)  # noqa: S301 - ours
        if not returned:
            raise value
        result: Result = value
        return result

    async def close(self) -> None:
        """End the processes, and wait for them."""
        started, self._all, self._idle = self._all, [], []
        await asyncio.gather(*(one.end() for one in started))
        if self._lock:
            self._lock.close()

    async def _idle_link(self) -> _Link:
        async with self._starting:
            while True:
                while self._idle:
                    link = self._idle.pop()
                    if link.lives:
                        return link
                # Elsewhere than on Linux, system libraries do not all survive a fork.
                forks = self._count if sys.platform == "linux" else 1
                for _ in range(self._count // forks):
                    links = READERS * forks // self._count
                    self._idle += (await self._started(forks, links)).links

    async def _alone(self, work: bytes, file: ImageFile) -> bytes:
        """What comes of a call in a process that has no other.

        Raises:
            ImageError: the process has crashed once more.
        """
        async with self._one_alone:
            process = await self._started(1, 1)
            try:
                return await process.links[0].ask(work)
            except _DiedError as error:
                status = await process.end()
                if -status not in _CRASHES:
                    message = f"a process that shrank {file.uri} ended with status {status}, twice"
                    raise RuntimeError(message) from error
                what = signal.Signals(-status).name
                message = f"{file.uri}: the decoder crashed on this file ({what})."
                raise ImageError(Reason.UNREADABLE, message) from error
            finally:
                await process.end()
                self._all.remove(process)

    async def _started(self, count: int, links: int) -> _Process:
        """So many processes with so many links in all; all but one are forked from that."""
        self._lock = self._lock or tempfile.TemporaryFile()  # noqa: SIM115 - for all their time
        lock, pairs = self._lock.fileno(), list[tuple[socket.socket, socket.socket]]()
        try:
            pairs += (socket.socketpair() for _ in range(links))
            theirs = [their.fileno() for _, their in pairs]
            module, numbers = shrinker_process.__name__, map(str, (lock, count, *theirs))
            process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", module, *numbers],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": _path()},
                pass_fds=(lock, *theirs),
            )
        except OSError:
            for our, their in pairs:
                our.close()
                their.close()
            raise
        found = _Process(process, [])
        self._all.append(found)
        await found.connect(pairs)
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


class _DiedError(Exception):
    """A process ended in the middle of a call."""


@dataclass(frozen=True, slots=True, eq=False)
class _Process:
    """What was started, and the ways to it and to those that it forked."""

    process: subprocess.Popen[bytes]
    links: list[_Link]

    async def connect(self, pairs: Sequence[tuple[socket.socket, socket.socket]]) -> None:
        """Make a link of our end of each pair; theirs belong to the process."""
        for our, their in pairs:
            their.close()
            our.setblocking(False)
        loop = asyncio.get_running_loop()
        try:
            for our, _ in pairs:
                self.links.append((await loop.connect_accepted_socket(_Link, our))[1])
        except asyncio.CancelledError:
            for our, _ in pairs[len(self.links) :]:
                our.close()
            raise

    async def end(self) -> int:
        """Its exit status once it has ended, negative for a signal."""
        for link in self.links:
            link.close()
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(None, self.process.wait, _ENDING_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return await loop.run_in_executor(None, self.process.wait)


class _Link(asyncio.Protocol):
    """One thread of such a process, as the event loop sees it: a call goes out, its result in."""

    def __init__(self) -> None:
        self.lives = True
        self._received = bytearray()
        self._call: asyncio.Future[bytes] | None = None
        self._transport: Any = None

    async def ask(self, work: bytes) -> bytes:
        """What comes of a call.

        Raises:
            _DiedError: nothing.
        """
        if not self.lives:
            raise _DiedError
        self._call = asyncio.get_running_loop().create_future()
        self._transport.write(HEAD.pack(len(work)) + work)
        try:
            return await self._call
        except asyncio.CancelledError:
            self.close()  # or the next call would get what comes of this one
            raise

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's hook."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Asyncio's hook."""
        self._received += data
        if len(self._received) < HEAD.size:
            return
        end = HEAD.size + HEAD.unpack_from(self._received)[0]
        if len(self._received) == end and self._call and not self._call.done():
            self._call.set_result(bytes(memoryview(self._received)[HEAD.size :]))
            self._received = bytearray()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's hook
        """Asyncio's hook."""
        self.lives = False
        if self._call and not self._call.done():
            self._call.set_exception(_DiedError())

    def close(self) -> None:
        """Let the thread end."""
        self.lives = False
        self._transport.close()


def _path() -> str:
    return os.pathsep.join(path for path in sys.path if path)
