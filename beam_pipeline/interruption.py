"""Ctrl-C, SIGTERM, a lost terminal: stop asking, save what is under way, say how to go on, leave.

The process ends without unwinding: Beam would take its time, and has nothing left to save.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from rich.console import Console

from tierwise.beam_pipeline.temporary_folder import remove_own
from tierwise.errors import LeaseLostError
from tierwise.journal.run_records import Lease
from tierwise.scheduling.running import interrupt_all, interrupt_run

_GRACE_S = 1.5
_RUN_AGAIN = "Nothing that was paid is lost: run the same command again, and it goes on from here."


@contextmanager
def resumable(
    console: Console,
    leaving: Callable[[bool], None] = lambda _: None,
    how_to_go_on: str = "",
    *,
    ends_process: bool = True,
) -> Iterator[None]:
    """Make an interrupted run end at once; it can, because the journal already holds its answers.

    `leaving` is called before it does, with True when no request of this process was given up.
    `how_to_go_on` is said in the end, where running again is not what to do. In a process that is
    not a run's alone, KeyboardInterrupt is raised in place of its end, and other threads than the
    main one, which get no signals, are left alone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received, interrupted = signal.SIGINT, False
    others = _others()

    def leave(signal_number: int, frame: FrameType | None) -> None:
        del signal_number, frame
        nonlocal interrupted
        interrupted = True
        for again in (signal.SIGINT, *others):
            signal.signal(again, lambda *_: os._exit(1) if ends_process else None)
        leaving(interrupt_all(_GRACE_S))
        _say(console, f"interrupted ({received.name})", how_to_go_on or _RUN_AGAIN)
        if ends_process:
            remove_own()
            os._exit(1)
        raise KeyboardInterrupt

    def terminate(signal_number: int, frame: FrameType | None) -> None:
        """Take others for SIGINT, at which Beam stops an engine that it has started."""
        del frame
        nonlocal received
        received = signal.Signals(signal_number)
        signal.raise_signal(signal.SIGINT)

    handlers = {signal.SIGINT: leave, **dict.fromkeys(others, terminate)}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    except Exception as error:
        if interrupted:
            raise KeyboardInterrupt from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if interrupted:  # Beam has taken it for an error of its own
        raise KeyboardInterrupt


def _others() -> list[signal.Signals]:
    """What ends a run besides Ctrl-C: SIGTERM, and SIGHUP unless nohup has it ignored."""
    hang_up = getattr(signal, "SIGHUP", None)  # not on Windows
    if hang_up is None or signal.getsignal(hang_up) is signal.SIG_IGN:
        return [signal.SIGTERM]
    return [signal.SIGTERM, hang_up]


def leave_to_another(
    console: Console, why: LeaseLostError, lease: Lease, *, ends_process: bool
) -> None:
    """End a run that may write nothing any more, from whichever thread finds out."""
    interrupt_run(lease.folder, lease.number, _GRACE_S)
    _say(console, str(why).rstrip("."), _RUN_AGAIN)
    if ends_process:
        remove_own()
        os._exit(1)


def _say(console: Console, why: str, then: str) -> None:
    with suppress(OSError):  # a terminal that is gone
        console.show_cursor()
        console.print(f"\ntierwise: {why}. {then}", highlight=False, soft_wrap=True, markup=False)
