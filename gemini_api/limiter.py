"""How many requests may be under way, how fast they may start, and whether any may start at all."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gemini_api.pace import Pace, Start
from tierwise.errors import RunEndedError
from tierwise.records import Reason


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance, passed in so that rules about them are tested without waiting."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random


class Limiter:
    """Shared by all requests of a process; belongs to one event loop.

    Other threads may wait for `idle`: no request is under way.

    Args:
        requests_in_flight: the most requests under way at a time.
        requests_per_minute: the most that start per minute, evenly spaced; None sets no limit.
    """

    def __init__(
        self, *, requests_in_flight: int, requests_per_minute: float | None, clock: Clock
    ) -> None:
        self._slots = asyncio.Semaphore(requests_in_flight)
        self._pace = Pace(60.0 / requests_per_minute if requests_per_minute else 0.0)
        self._turn = asyncio.Lock()
        self._clock = clock
        self._ended: RunEndedError | None = None
        self._in_use = 0
        self.idle = threading.Event()
        self.idle.set()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[Start]:
        """Hold this while a request is under way and until its answer is durable.

        What it gives names the request, should it be refused.

        Raises:
            RunEndedError: the run has ended; nothing was started.
        """
        async with self._slots:
            start = await self._wait_for_start()
            self._check()
            self._in_use += 1
            self.idle.clear()
            try:
                yield start
            finally:
                self._in_use -= 1
                if self._in_use == 0:
                    self.idle.set()

    def pause(self, seconds: float) -> None:
        """Start nothing for a while: what one request was told holds for all."""
        self._pace.pause(self._clock.monotonic(), seconds)

    def refuse(self, start: Start, wait_s: float | None) -> None:
        """A request was told that it came too fast, and perhaps how long to wait: slow down."""
        self._pace.refuse(start, self._clock.monotonic(), wait_s)

    def end(self, reason: Reason, message: str) -> RunEndedError:
        """Start nothing any more; the first reason stays."""
        self._ended = self._ended or RunEndedError(reason, message)
        return self._ended

    async def _wait_for_start(self) -> Start:
        async with self._turn:  # one waits for the time, the others for their turn
            while (wait := self._pace.wait_s(self._clock.monotonic())) > 0 and not self._ended:
                await self._clock.sleep(wait)
            return self._pace.start(self._clock.monotonic())

    def _check(self) -> None:
        if self._ended:
            raise RunEndedError(self._ended.reason, self._ended.message)
