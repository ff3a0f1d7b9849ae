"""The helper process: decodes what the caller's process should not, and may die of it.

Started by `isolation` as `python -m tierwise.images.helper LOCK_FD`. Requests come on standard
input, replies leave on a duplicate of standard output (libraries that print find it closed to them).
It ends when its input ends, when its parent is gone, and when a request outlasts its time, even
inside a decoder that never returns: the timers' default action kills the process.
"""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from tierwise.errors import ImageError
from tierwise.images.headers import read_header
from tierwise.images.messages import Reply, Request, read_request, write_reply
from tierwise.images.shrinking import count, shrink
from tierwise.records import Reason

# Libraries, interpreter and allocator arenas; decoders may use what Limits grant beyond this.
_BASE_ADDRESS_SPACE = 1_000_000_000
_CLOCK_PER_CPU_SECOND = 4
_PARENT_CHECK_SECONDS = 1.0
# From this size of file, or of memory that its header predicts, pictures go one at a time.
_HEAVY_BYTES = 1_500_000


def main() -> None:
    """Serve requests until the input ends."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    lock = int(sys.argv[1])
    for timer in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(timer, signal.SIG_DFL)
    # Ctrl-C reaches the whole process group; the parent decides when work ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    _serve(sys.stdin.buffer, replies, lock)


def _serve(requests: BinaryIO, replies: BinaryIO, lock: int) -> None:
    while (request := read_request(requests)) is not None:
        _limit_memory(request.limits.decoded_bytes)
        with _alone(lock, request), _timed(request.limits.seconds):
            reply = _answered(request)
        write_reply(replies, reply)


def _answered(request: Request) -> Reply:
    try:
        header = read_header(request.data, name=request.name, limits=request.limits)
        if not request.settings:
            return count(request.data, header, name=request.name)
        return shrink(
            request.data,
            header,
            name=request.name,
            page=request.page,
            settings=request.settings,
            limits=request.limits,
        )
    except ImageError as error:
        return error
    except MemoryError:
        return ImageError(
            Reason.TOO_LARGE,
            f"{request.name}: decoding needs more memory than the limit of "
            f"{request.limits.decoded_bytes:,} bytes.",
        )


def _limit_memory(decoded_bytes: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = _BASE_ADDRESS_SPACE + decoded_bytes
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


@contextmanager
def _timed(seconds: float) -> Iterator[None]:
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * _CLOCK_PER_CPU_SECOND)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def _alone(lock: int, request: Request) -> Iterator[None]:
    """Let one helper at a time work on a large file, so that their peaks do not add up."""
    if len(request.data) < _HEAVY_BYTES:
        yield
        return
    fcntl.lockf(lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.lockf(lock, fcntl.LOCK_UN)


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    main()
