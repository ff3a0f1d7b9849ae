"""Keeps a process's requests within its share of the job's limit, slot by slot."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tierwise.gemini.limiter import Limiter
from tierwise.journal.rate_share import RateShare


class KeepPace:
    """A thread that lives until `stop`.

    `take_part` is told the part of the limits that is this process's, and `call_soon` runs a
    function on the limiter's loop.
    """

    def __init__(
        self,
        share: RateShare,
        limiter: Limiter,
        take_part: Callable[[float], None],
        call_soon: Callable[..., object],
    ) -> None:
        self._share = share
        self._limiter = limiter
        self._take_part = take_part
        self._call_soon = call_soon
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="tierwise-pace", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._thread.join()

    def _keep(self) -> None:
        last = 0
        wanted = True  # whoever starts an engine is about to ask
        while not self._stopped.is_set():
            now = time.time()
            slot, left_s = self._share.slot(now), self._share.left_s(now)
            if last != slot - 1 and self._share.comes_too_late(now):
                self._call_soon(self._limiter.pause, left_s)
            else:
                self._enter(slot, left_s, wanted=wanted)
                last = slot
            self._stopped.wait(left_s)
            wanted = self._limiter.take_wanted()

    def _enter(self, slot: int, left_s: float, *, wanted: bool) -> None:
        try:
            part = self._share.enter(slot, wanted=wanted)
        except OSError:  # nobody knows how many share it
            part = 0.0
        if part:
            self._call_soon(self._take_part, part)
        else:
            self._call_soon(self._limiter.pause, left_s)
