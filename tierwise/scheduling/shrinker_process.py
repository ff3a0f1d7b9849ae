"""A process that reads and shrinks pictures for another: `... shrinker_process LOCK COUNT LINK...`.

It becomes `COUNT` processes, among which it shares out the sockets whose descriptors it is given:
what takes long to import is imported once for all of them, as far as it may be there before a fork.
Each socket has a thread of its own, and one call at a time. By the lock, also a descriptor,
processes take turns at what takes much memory.

A call and what comes of it are pickled: it is our own process, which does what the other would do
else. Formats that cannot be trusted go on to helpers from here, as from there. It ends when the
other ends of its sockets are closed, or gone.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

# How many bytes follow.
HEAD = struct.Struct(">Q")
_BEFORE_FORK = ("numpy", "simplejpeg", "PIL.Image", "tierwise.storage.files", "tierwise.records")
# libvips keeps threads, which do not survive a fork.
_AFTER_FORK, _HELPERS = "tierwise.answering.prepare", "tierwise.images.isolated.isolation"
# One thread decodes; others, which read, can wait until its decoder is at work.
_SWITCH_S = 0.05


def main() -> None:
    """Serve until nobody asks any more."""
    # These reach the whole process group; the one that asks decides when work ends.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.setswitchinterval(_SWITCH_S)
    lock, count, *numbers = map(int, sys.argv[1:])
    links = [socket.socket(fileno=number) for number in numbers]
    for name in _BEFORE_FORK:
        import_module(name)
    shares = [links[number::count] for number in range(count)]
    forked = []
    for share in shares[1:]:
        if (process := os.fork()) == 0:
            _close(link for link in links if link not in share)
            _serve(share, lock)
            os._exit(0)
        forked.append(process)
    _close(link for link in links if link not in shares[0])
    _serve(shares[0], lock)
    for process in forked:  # so that their processor time is counted
        os.waitpid(process, 0)


def _close(links: Iterable[socket.socket]) -> None:
    for link in links:
        link.close()


def _serve(links: Sequence[socket.socket], lock: int) -> None:
    import_module(_AFTER_FORK).decode_beside_others(lock)
    threads = [threading.Thread(target=_answer_calls, args=[link], daemon=True) for link in links]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    import_module(_HELPERS).end_helpers()


def _answer_calls(link: socket.socket) -> None:
    with link, suppress(BrokenPipeError, ConnectionResetError):
        while head := _received(link, HEAD.size):
            [size] = HEAD.unpack(head)
            found = _outcome(_received(link, size))
            link.sendall(HEAD.pack(len(found)))
            link.sendall(found)


def _received(link: socket.socket, size: int) -> bytes:
    """So many bytes; none where the other end is closed, which it is between two calls."""
    found = link.recv(size, socket.MSG_WAITALL)
    return found if len(found) == size else b""


def _outcome(work: bytes) -> bytes:
    """What a call returns or raises, pickled: whether it returned, and which of both."""
    if not work:
        raise ConnectionResetError
    call: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]] = pickle.loads(work)  # noqa: S301 - ours
    function, args, kwargs = call
    try:
        return pickle.dumps((True, function(*args, **kwargs)))
    except Exception as error:  # noqa: BLE001 - raised where it was called
        told = f"in a process that shrinks pictures:\n{traceback.format_exc()}"
        error.add_note(told)
        return _raised(error, told)


def _raised(error: Exception, told: str) -> bytes:
    """An error as it is; in words where it cannot travel, so that it hides nothing."""
    try:
        found = pickle.dumps((False, error))
        pickle.loads(found)  # noqa: S301 - ours, from a moment ago
    except Exception:  # noqa: BLE001 - whatever its class does when it is pickled
        return pickle.dumps((False, RuntimeError(told)))
    return found


if __name__ == "__main__":
    main()
