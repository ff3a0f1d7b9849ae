"""Whoever sends a request looks first whether its run still holds the lease.

A process may be stopped for longer than others wait for its signs of life: a laptop that sleeps, a
machine that is moved. When it goes on, another run may have taken over, and what it sent then would
be paid twice. So what was seen of the lease is good for a short while only, and then nothing is
sent before another look.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor

from tierwise.errors import LeaseLostError

# Until a look is due beside what is sent, and until nothing is sent before it.
_DUE_S, _STALE_S = 45.0, 90.0


class Holding:
    """What a process knows of its run's lease; belongs to one event loop.

    `look` raises LeaseLostError when the lease is lost, and blocks.
    """

    def __init__(
        self,
        look: Callable[[], None],
        executor: Executor,
        now: Callable[[], float] | None = None,
    ) -> None:
        self._look = look
        self._executor = executor
        self._now = now or seconds_awake_or_not
        self._seen_at = self._now()
        self._looking: asyncio.Future[None] | None = None
        self._lost: LeaseLostError | None = None

    async def sure(self) -> None:
        """Return when the lease was held not long ago.

        Raises:
            LeaseLostError: it is lost.
            OSError: nobody can tell.
        """
        if self._lost:
            raise self._lost
        age = self._now() - self._seen_at
        if age < _DUE_S:
            return
        if self._looking is None or self._looking.done():
            self._looking = asyncio.ensure_future(self._look_now())
            self._looking.add_done_callback(_note)  # it may end when nobody waits for it
        if age >= _STALE_S:
            await asyncio.shield(self._looking)

    def before(self, ready: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """Whatever else must be awaited before a request is sent, and this."""

        async def both() -> None:
            await self.sure()
            await ready()

        return both

    async def _look_now(self) -> None:
        begun = self._now()
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._executor, self._look)
        except LeaseLostError as lost:
            self._lost = lost
            raise
        self._seen_at = begun


def _note(looked: asyncio.Future[None]) -> None:
    if not looked.cancelled():
        looked.exception()


def seconds_awake_or_not() -> float:
    """A clock that goes on while the machine sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.time() if clock is None else time.clock_gettime(clock)
