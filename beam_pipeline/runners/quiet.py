"""Keeps Beam and its engines quiet about what is reported once, at the end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

import grpc

# Prism's log; Beam sets the level of this logger when it starts the engine.
_PRISM = "PrismJobServer"


def quieten() -> None:
    """For the rest of this process.

    A failing element is raised with its traceback, which Beam and its engine would print as well,
    each worker anew. When an engine ends, Beam's threads that listen to it print that it is gone.
    """
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)
    logging.getLogger(_PRISM).addFilter(_no_record)
    if not isinstance(threading.excepthook, _ButForClosedStreams):
        threading.excepthook = _ButForClosedStreams(threading.excepthook)


def _no_record(record: logging.LogRecord) -> bool:
    del record
    return False


@dataclass(frozen=True, slots=True)
class _ButForClosedStreams:
    """Leaves every other error of a thread to whoever took care of it before."""

    before: Callable[[threading.ExceptHookArgs], object]

    def __call__(self, args: threading.ExceptHookArgs) -> None:
        if not isinstance(args.exc_value, grpc.RpcError):
            self.before(args)
