"""Collects questions of one task until a request is full."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial

from tierwise.gemini.request_room import Pack
from tierwise.gemini.settle import Ask
from tierwise.records import Outcome

AskTogether = Callable[[Sequence[Ask]], Awaitable[list[Outcome]]]


class Packer:
    """Belongs to one event loop, one bundle and one task.

    `settled` is called whenever a request is no longer under way; `tokens_of` says what a question
    adds to a request.
    """

    def __init__(
        self,
        images_per_request: int,
        ask: AskTogether,
        settled: Callable[[], None],
        tokens_of: Callable[[Ask], int],
    ) -> None:
        self._ask = ask
        self._settled = settled
        self._new_pack = partial(Pack, images_per_request, tokens_of)
        self._pack = self._new_pack()
        self._futures: dict[str, asyncio.Future[Outcome]] = {}
        self._requests: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> bool:
        """Whether a request stands here that is not full yet."""
        return bool(self._pack.asks)

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        return bool(self._requests)

    def add(self, ask: Ask) -> asyncio.Future[Outcome]:
        """The outcome of a question, once its request was sent and settled."""
        if not self._pack.takes(ask):
            self.flush()
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._pack.add(ask)
        self._futures[ask.request_id] = outcome
        if self._pack.full:
            self.flush()
        return outcome

    def flush(self) -> None:
        """Send what is there."""
        if self._pack.asks:
            request = asyncio.create_task(self._send(self._pack.asks, self._futures))
            self._requests.add(request)
            request.add_done_callback(self._end)
            self._pack, self._futures = self._new_pack(), {}

    def cancel(self) -> None:
        """Give up what is under way."""
        for request in self._requests:
            request.cancel()

    def _end(self, request: asyncio.Task[None]) -> None:
        self._requests.discard(request)
        self._settled()

    async def _send(self, asks: Sequence[Ask], futures: dict[str, asyncio.Future[Outcome]]) -> None:
        try:
            for outcome in await self._ask(asks):
                _resolve(futures.pop(outcome.request_id), outcome)
            _refuse_silence(futures)
        except asyncio.CancelledError:
            for future in futures.values():
                future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - a bug, of which whoever waits must hear
            for future in futures.values():
                if not future.done():
                    future.set_exception(error)


def _refuse_silence(unanswered: Collection[str]) -> None:
    if unanswered:
        raise RuntimeError(f"no outcome came for the questions {', '.join(unanswered)}")


def _resolve(future: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not future.done():
        future.set_result(outcome)
