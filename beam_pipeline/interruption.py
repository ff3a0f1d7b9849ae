"""Ctrl-C: stop asking, let what is under way become durable, say how to go on, and leave."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console

from answering.engine import interrupt_all

_GRACE_S = 1.5


@contextmanager
def resumable(console: Console, leaving: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Make an interrupted run end at once; it can, because the journal already holds its answers.

    `leaving` is called before it does.

    The process ends without unwinding: Beam would take its time, and has nothing left to save.
    """

    def leave(signal_number: int, frame: FrameType | None) -> None:
        del frame
        for again in (signal.SIGINT, signal.SIGTERM):
            signal.signal(again, lambda *_: os._exit(1))
        interrupt_all(_GRACE_S)
        leaving()
        console.show_cursor()
        console.print(
            f"\ntierwise: interrupted ({signal.Signals(signal_number).name}). Nothing that was "
            "paid is lost: run the same command again, and it goes on from here.",
            highlight=False,
            soft_wrap=True,
        )
        os._exit(1)

    before = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
