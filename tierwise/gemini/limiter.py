"""How many requests may be under way, how fast they may start, and whether any may start at all."""

from __future__ import annotations

import asyncio
import math
import random
import sys
import threading
import time
from asyncio import FIRST_COMPLETED
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from tierwise.errors import RunEndedError
from tierwise.gemini.concurrency import PATIENCE_S, Concurrency
from tierwise.gemini.observed import Observations
from tierwise.gemini.pace import Pace, Start
from tierwise.gemini.slots import Slots
from tierwise.records import Reason


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance, passed in so that rules about them are tested without waiting."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    now: Callable[[], datetime] = _now


class HeldBackError(Exception):
    """A request may not start after all; whoever wanted to must wait."""


class Limiter:
    """Shared by all requests of a process; belongs to one event loop.

    Other threads may wait for `idle`: no request is under way.

    Args:
        requests_in_flight: the most requests under way at a time.
        requests_per_minute: the most that start per minute, evenly spaced; None sets no limit.
        clock: time and chance.
        patience_s: how long nothing but failures may come before the run ends.
        observations: where waits are noted.
    """

    def __init__(
        self,
        *,
        requests_in_flight: int,
        requests_per_minute: float | None,
        clock: Clock,
        patience_s: float = PATIENCE_S,
        observations: Observations | None = None,
    ) -> None:
        self.observations = observations or Observations()
        self._slots = Slots(requests_in_flight)
        self._concurrency = Concurrency(requests_in_flight, patience_s)
        self._pace = Pace(60.0 / requests_per_minute if requests_per_minute else 0.0)
        self._turn = asyncio.Lock()
        self._clock = clock
        self._naps: set[asyncio.Future[None]] = set()
        self._unheard: set[int] = set()  # numbers of requests of which nothing was told yet
        self._in_use = 0
        self._wanted = False
        self.ended: RunEndedError | None = None
        self.idle = threading.Event()
        self.idle.set()

    @asynccontextmanager
    async def slot(self, ready: Callable[[], bool] = lambda: True) -> AsyncIterator[Start]:
        """Hold this while a request is under way and until its answer is durable.

        What it gives names the request, for whoever tells what became of it. `ready` is asked at
        the last moment.

        Raises:
            RunEndedError: the run has ended; nothing was started.
            HeldBackError: it is not ready; nothing was started.
        """
        self._wanted = True
        await self._slots.acquire()
        try:
            start = await self._wait_for_start(ready)
            self._in_use += 1
            self.idle.clear()
            try:
                yield start
            finally:
                if self._heard(start):
                    self._concurrency.leave(start.number)
                    self._resize()
                self._in_use -= 1
                if self._in_use == 0:
                    self.idle.set()
        finally:
            self._slots.release()

    def limit(self, requests_per_minute: float) -> None:
        """Let so many start per minute from now on."""
        self._pace.limit(60.0 / requests_per_minute)

    def take_wanted(self) -> bool:
        """Whether anybody wanted to ask since this was asked last; from any thread."""
        wanted, self._wanted = self._wanted or self._slots.used > 0, False
        return wanted

    def pause(self, seconds: float) -> None:
        """Start nothing for a while: what one request was told holds for all."""
        self._pace.pause(self._clock.monotonic(), seconds)

    def reply(self, start: Start) -> None:
        """A request was answered, be it with a refusal of what it asked."""
        self._heard(start)
        self._concurrency.reply(start.number)
        self._resize()

    def refuse(
        self, start: Start, wait_s: float | None, *, window_s: float = 0.0, why: str = ""
    ) -> None:
        """A request was told that it came too fast, and perhaps how long to wait: slow down.

        `window_s` is the time over which its quota rolls, where that is known to be long.
        """
        now = self._clock.monotonic()
        self._heard(start)
        self._pace.refuse(start, now, wait_s)
        self._concurrency.refusal(start.number, now, max(window_s, wait_s or 0.0))
        self.observations.waits(why, wait_s or 0.0)
        self._resize()

    def fail(self, start: Start) -> None:
        """The service failed a request, whatever it asked: ask fewer at a time."""
        now = self._clock.monotonic()
        self._heard(start)
        self.pause(self._concurrency.failure(start.number, now))
        self._resize()

    def hopeless(self) -> str:
        """That nothing but failures came for too long, in words; empty while it may get better."""
        now = self._clock.monotonic()
        if not self._concurrency.hopeless(now):
            return ""
        first = " (before a first reply, a fifth of --give_up_after_s is enough)"
        share = "" if self._concurrency.answered else first
        seconds = self._concurrency.failing_s(now)
        return f"Nothing was answered for {seconds:.0f} s{share}, so no more was asked"

    def end(self, reason: Reason, message: str) -> None:
        """Start nothing any more, and wake whoever waits; the first reason stays."""
        self.ended = self.ended or RunEndedError(reason, message)
        self._slots.resize(sys.maxsize)
        for nap in self._naps:
            nap.cancel()

    def now(self) -> float:
        """Seconds of the limiter's clock."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float, until: asyncio.Future[None] | None = None) -> None:
        """Sleep, at most until the end of the run, or until a future is done."""
        if self.ended or seconds <= 0:
            return
        nap = asyncio.ensure_future(self._nap(seconds))
        self._naps.add(nap)
        try:
            await asyncio.wait([nap, until] if until else [nap], return_when=FIRST_COMPLETED)
        finally:
            self._naps.discard(nap)
            nap.cancel()

    async def _nap(self, seconds: float) -> None:
        if math.isinf(seconds):
            await asyncio.get_running_loop().create_future()
        await self._clock.sleep(seconds)

    async def _wait_for_start(self, ready: Callable[[], bool]) -> Start:
        arrived = self._clock.monotonic()
        async with self._turn:  # one waits for the time, the others for their turn
            while (wait := self._pace.wait_s(self._clock.monotonic())) > 0 and not self.ended:
                before = self._clock.monotonic()
                await self.sleep(wait)
                self.observations.throttled(self._clock.monotonic() - before)
            self._check()
            if not ready():
                raise HeldBackError
            start = self._pace.start(self._clock.monotonic(), arrived)
            self._concurrency.start(start.number)
            self._unheard.add(start.number)
            return start

    def _heard(self, start: Start) -> bool:
        """Whether this is the first that is told of a request."""
        first = start.number in self._unheard
        self._unheard.discard(start.number)
        return first

    def _resize(self) -> None:
        if not self.ended and self._concurrency.allowed != self._slots.size:
            self._slots.resize(self._concurrency.allowed)

    def _check(self) -> None:
        if self.ended:
            raise RunEndedError(self.ended.reason, self.ended.message)
