"""Helper processes that decode what cannot be trusted, kept and reused.

Why not every picture: a hop costs about a millisecond and copies the file. Why not none: a crash in
one of these decoders would take all of a worker's pictures with it. A helper that crashes costs the
picture it held, which becomes `unreadable`, and is replaced when the next one comes; `blame` says
what a helper that was killed costs.

Pictures that will take much memory are decoded one at a time, all others within little; one that
finds too little, or whose helper was killed, is tried once more as if that had been known.

Safe from many threads; a forked child starts helpers of its own; helpers end with their parent.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import IO

from tierwise.errors import ImageError
from tierwise.images.isolated.blame import PLAIN_SETTINGS, Blame, crashed, plain_picture
from tierwise.images.isolated.messages import HelperReply, Request, read_reply, write_request
from tierwise.images.isolated.turns import shared
from tierwise.records import Reason

# How some decoders take it when there is no memory left.
_ABORTS = {signal.SIGABRT, signal.SIGTRAP}
_TIMERS = {signal.SIGPROF, signal.SIGALRM}


class _Helper:
    """One running helper process."""

    def __init__(self, lock: int) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            # One arena and one thread: address space is what the memory limit counts.
            "MALLOC_ARENA_MAX": "1",
            # Planes of pixels go back to the system as soon as they are freed.
            "MALLOC_MMAP_THRESHOLD_": "1000000",
            "MALLOC_TRIM_THRESHOLD_": "8000000",
            "OPENBLAS_NUM_THREADS": "1",
            # An archive may hold a struct.py, and be the working directory.
            "PYTHONSAFEPATH": "1",
            "VIPS_CONCURRENCY": "1",
        }
        self._process = subprocess.Popen(  # noqa: S603, our own module
            [sys.executable, "-m", "tierwise.images.isolated.helper", str(lock)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            pass_fds=(lock,),
        )

    def ask(self, request: Request) -> HelperReply | None:
        """Return the reply, None when the helper died over it."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            return None
        try:
            write_request(stdin, request)
        except BrokenPipeError:
            return None
        return read_reply(stdout)

    def end(self) -> int:
        """Close and reap; returns the exit status, negative for a signal."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        try:
            return self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


@dataclass(frozen=True, slots=True)
class _Died:
    """A helper died over a request; its exit status, negative for a signal."""

    status: int


class _Pool:
    """Idle helpers, at most one per core at work."""

    def __init__(self) -> None:
        self._room = threading.BoundedSemaphore(os.cpu_count() or 1)
        self._idle: list[_Helper] = []
        self._guard = threading.Lock()
        self._own_file: IO[bytes] | None = None
        if (file := shared()) is None:
            self._own_file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the pool
            file = self._own_file.fileno()
        self._lock = file

    def ask(self, request: Request) -> HelperReply:
        with self._room:
            reply = self._tried(request)
        if isinstance(reply, _Died):
            return self._lost(request, reply.status)
        _blame.came_back()
        return reply

    def _tried(self, request: Request) -> HelperReply | _Died:
        reply = self._asked(request)
        if _short_of_memory(reply):
            reply = self._asked(replace(request, alone=True))
        return reply

    def _asked(self, request: Request) -> HelperReply | _Died:
        helper = self._taken() or _Helper(self._lock)
        reply = helper.ask(request)
        if reply is None:
            return _Died(helper.end())
        with self._guard:
            self._idle.append(helper)
        return reply

    def _lost(self, request: Request, status: int) -> ImageError:
        if -status in _TIMERS:
            return ImageError(
                Reason.UNREADABLE,
                f"{request.name}: decoding took longer than the limit of "
                f"{request.limits.seconds:g} seconds.",
            )
        failure = _blame.of(request.name, status)
        if _blame.doubtful:
            plain = Request(plain_picture(), "plain.png", 1, (PLAIN_SETTINGS,), request.limits)
            with self._room:
                died = isinstance(self._tried(plain), _Died)
            if died:
                raise _blame.of_machine()
        return failure

    def close(self) -> None:
        while (helper := self._taken()) is not None:
            helper.end()
        if self._own_file:
            self._own_file.close()

    def _taken(self) -> _Helper | None:
        with self._guard:
            return self._idle.pop() if self._idle else None


def _short_of_memory(reply: HelperReply | _Died) -> bool:
    """Whether more memory might bring a better one."""
    if isinstance(reply, _Died):
        return -reply.status in _ABORTS or not (crashed(reply.status) or -reply.status in _TIMERS)
    return isinstance(reply, ImageError) and reply.reason is Reason.TOO_LARGE


_blame = Blame()
_pools: dict[int, _Pool] = {}
_pools_guard = threading.Lock()


def ask_helper(request: Request) -> HelperReply:
    """Have a helper process count or shrink; started on first use, kept for the next.

    An `ImageError` is returned, not raised.

    Raises:
        MachineError: helpers are ended over many pictures, and over a plain one.
    """
    with _pools_guard:
        # By process id: a forked child must not share its parent's pipes.
        pool = _pools.get(os.getpid()) or _Pool()
        _pools[os.getpid()] = pool
    return pool.ask(request)


def decoded_here() -> None:
    """Count a picture that came back without a helper."""
    _blame.came_back()


def end_helpers() -> None:
    """End this process's idle helpers; the next request starts new ones."""
    with _pools_guard:
        pool = _pools.pop(os.getpid(), None)
    if pool is not None:
        pool.close()
