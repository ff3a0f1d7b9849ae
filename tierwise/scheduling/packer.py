"""Collects images with the same questions until a request is full."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial

from tierwise.gemini.request_room import Pack, TokensOf
from tierwise.gemini.settle import Ask
from tierwise.records import Outcome

AskTogether = Callable[[Sequence[Ask]], Awaitable[list[Outcome]]]


class Packer:
    """Belongs to one event loop, one bundle, and one task or several that look together.

    `settled` is called whenever a request is no longer under way; `tokens_of` says what an image
    adds to a request.
    """

    def __init__(
        self,
        images_per_request: int,
        ask: AskTogether,
        settled: Callable[[], None],
        tokens_of: TokensOf,
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

    def add(self, questions: Sequence[Ask]) -> list[asyncio.Future[Outcome]]:
        """The outcome of each question about an image, once its request was sent and settled."""
        if not self._pack.takes(questions):
            self.flush()
        loop = asyncio.get_running_loop()
        outcomes = {ask.request_id: loop.create_future() for ask in questions}
        self._pack.add(questions)
        self._futures |= outcomes
        if self._pack.full:
            self.flush()
        return list(outcomes.values())

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
