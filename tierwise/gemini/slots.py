"""A semaphore whose size changes while requests wait for it."""

from __future__ import annotations

import asyncio
from collections import deque


class Slots:
    """Belongs to one event loop; who came first is served first.

    Made smaller, it takes no slot away: fewer are given out again.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.used = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def acquire(self) -> None:
        """Wait for a slot."""
        if self.used < self.size and not self._waiting:
            self.used += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it had been given one meanwhile
                self.release()
            raise

    def release(self) -> None:
        """Give a slot back."""
        self.used -= 1
        self._serve()

    def resize(self, size: int) -> None:
        """Give out so many slots from now on."""
        self.size = size
        self._serve()

    def _serve(self) -> None:
        while self._waiting and self.used < self.size:
            turn = self._waiting.popleft()
            if not turn.done():
                self.used += 1
                turn.set_result(None)
