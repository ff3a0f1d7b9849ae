"""Processes that shrink pictures, started together, and the ways to them."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Any

from tierwise.scheduling import shrinker_process
from tierwise.scheduling.shrinker_process import HEAD

_MODULE = shrinker_process.__name__
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


class DiedError(Exception):
    """A process ended in the middle of a call."""


class ShrinkerGroup:
    """One process and those that it forks, a process group of their own, and links to them all.

    They hold the other end of a pipe that nobody else does, so that its end is theirs.
    """

    def __init__(self, count: int, links: int, lock: int) -> None:
        """Start so many processes, that so many links will lead to.

        `lock` is the descriptor of the file by which they take turns.

        Raises:
            OSError: the system has no room for them.
        """
        self.links: list[Link] = []
        self._ours = list[socket.socket]()
        self._end, theirs_too = os.pipe()
        theirs = list[socket.socket]()
        try:
            for _ in range(links):
                our, their = socket.socketpair()
                self._ours.append(our)
                theirs.append(their)
            numbers = [their.fileno() for their in theirs]
            self._first = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", _MODULE, *map(str, (lock, count, *numbers))],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": _path()},
                pass_fds=(lock, theirs_too, *numbers),
                process_group=0,
            )
        except OSError:
            os.close(self._end)
            self._close_unlinked()
            raise
        finally:
            os.close(theirs_too)
            for their in theirs:
                their.close()

    async def connect(self) -> None:
        """Make the links, once."""
        loop = asyncio.get_running_loop()
        while self._ours:
            our = self._ours[-1]
            our.setblocking(False)
            self.links.append((await loop.connect_accepted_socket(Link, our))[1])
            self._ours.pop()

    @property
    def living(self) -> int:
        """How many links lead to somebody."""
        return sum(link.lives for link in self.links)

    @property
    def ended(self) -> bool:
        """Whether all links led somewhere, and none does."""
        return not self._ours and not self.living

    async def end(self) -> int:
        """Let them end; the exit status of the first once all have, negative for a signal."""
        for link in self.links:
            link.close()
        self._close_unlinked()
        return await asyncio.get_running_loop().run_in_executor(None, self._wait)

    def _close_unlinked(self) -> None:
        for our in self._ours:
            our.close()

    def _wait(self) -> int:
        until = select.poll()
        until.register(self._end, select.POLLHUP)
        if not until.poll(_ENDING_S * 1000):
            with suppress(ProcessLookupError):
                os.killpg(self._first.pid, signal.SIGKILL)
        os.close(self._end)
        return self._first.wait()


class Link(asyncio.Protocol):
    """One thread of such a process, as the event loop sees it: a call goes out, its result in."""

    def __init__(self) -> None:
        self.lives = True
        self._received = bytearray()
        self._call: asyncio.Future[bytes] | None = None
        self._transport: Any = None

    async def ask(self, work: bytes) -> bytes:
        """What comes of a call.

        Raises:
            DiedError: nothing.
        """
        if not self.lives:
            raise DiedError
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
            self._call.set_exception(DiedError())

    def close(self) -> None:
        """Let the thread end."""
        self.lives = False
        self._transport.close()


def _path() -> str:
    return os.pathsep.join(path for path in sys.path if path)
