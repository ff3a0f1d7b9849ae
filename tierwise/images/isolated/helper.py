"""The helper process: decodes what the caller's process should not, and may die of it.

Started by `isolation`, with the descriptor of a lock as its argument. Requests come on standard
input, replies leave on a duplicate of standard output, which libraries that print cannot reach. It
ends when its input ends, when its parent is gone, and when a request outlasts its time, even inside
a decoder that never returns: the timers' default action kills the process.
"""

from __future__ import annotations

import gc
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
from tierwise.images.decoders.decoding import frames_in
from tierwise.images.decoders.original import Original, opened
from tierwise.images.isolated.messages import HelperReply, Request, read_request, write_reply
from tierwise.images.isolated.turns import Turn, taken
from tierwise.images.shrinking import shrink
from tierwise.records import Reason

# Interpreter and libraries take 170 MB of address space, a decoder's threads and the shrunk copies
# some more. What is light gets this much beyond, what is heavy what Limits grant.
_BASE_ADDRESS_SPACE = 300_000_000
_LIGHT_BYTES = 160_000_000
_CLOCK_PER_CPU_SECOND = 4
_PARENT_CHECK_SECONDS = 1.0
# Above these, predicted by the header or for want of one by the file, pictures go one at a time.
_HEAVY_BYTES = 100_000_000
_HEAVY_FILE_BYTES = 10_000_000
_HEAVY_PIXELS = 40_000_000


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
        write_reply(replies, _answered(request, lock))


def _answered(request: Request, lock: int) -> HelperReply:
    limits = request.limits
    try:
        original = opened(request.data, name=request.name, limits=limits)
        with _memory(request, original, lock), _timed(limits.seconds):
            if not request.settings:
                return frames_in(original)
            return shrink(original, request.page, request.settings, detail=request.detail)
    except ImageError as error:
        return error
    except MemoryError:
        return ImageError(
            Reason.TOO_LARGE,
            f"{request.name}: decoding needs more memory than the limit of "
            f"{limits.decoded_bytes:,} bytes. Shrink the file or raise the limit.",
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
def _memory(request: Request, original: Original, lock: int) -> Iterator[None]:
    """Grant memory; let one helper at a time decode what is heavy, so that peaks do not add up."""
    granted = request.limits.decoded_bytes
    if not (request.alone or _is_heavy(original)):
        _limit_memory(min(granted, _LIGHT_BYTES))
        yield
        return
    with taken(Turn.HEAVY_DECODING, lock):
        try:
            _limit_memory(granted)
            yield
        finally:
            gc.collect()  # the next helper may only start when these planes are gone


def _is_heavy(original: Original) -> bool:
    header = original.header
    return (
        header.held_bytes > _HEAVY_BYTES
        or header.width * header.height > _HEAVY_PIXELS
        or len(original.data) > _HEAVY_FILE_BYTES
    )


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    main()
