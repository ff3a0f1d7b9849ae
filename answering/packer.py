"""Collects questions of one task until a request is full: by count, bytes or tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

from gemini_api.compose import may_share
from gemini_api.settle import Ask
from tierwise.records import Outcome

# The Developer API takes 100 MB inline, Vertex 7 MB an image; base64 adds a third. Small requests
# fail cheaper and keep a worker's memory flat.
MOST_BYTES = 12_000_000
# Above 200,000 tokens some models cost double for the whole request (tierwise/facts/prices.toml);
# no model's context is smaller. The rest is room for what is only estimated.
_MOST_TOKENS = 180_000

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
        self._most = images_per_request
        self._ask = ask
        self._settled = settled
        self._tokens_of = tokens_of
        self._pack: list[tuple[Ask, asyncio.Future[Outcome]]] = []
        self._bytes = self._tokens = 0
        self._requests: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> bool:
        """Whether a request stands here that is not full yet."""
        return bool(self._pack)

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        return bool(self._requests)

    def add(self, ask: Ask) -> asyncio.Future[Outcome]:
        """The outcome of a question, once its request was sent and settled."""
        size = len(ask.picture.data) if ask.picture else 0
        tokens = self._tokens_of(ask) if self._most > 1 else 0
        if self._bytes + size > MOST_BYTES or self._tokens + tokens > _MOST_TOKENS:
            self.flush()
        if self._pack and not may_share(self._pack[0][0], ask):
            self.flush()
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._pack.append((ask, outcome))
        self._bytes += size
        self._tokens += tokens
        if len(self._pack) >= self._most:
            self.flush()
        return outcome

    def flush(self) -> None:
        """Send what is there."""
        if self._pack:
            request = asyncio.create_task(self._send(self._pack))
            self._requests.add(request)
            request.add_done_callback(self._end)
            self._pack, self._bytes, self._tokens = [], 0, 0

    def cancel(self) -> None:
        """Give up what is under way."""
        for request in self._requests:
            request.cancel()

    def _end(self, request: asyncio.Task[None]) -> None:
        self._requests.discard(request)
        self._settled()

    async def _send(self, pack: list[tuple[Ask, asyncio.Future[Outcome]]]) -> None:
        futures = {ask.request_id: future for ask, future in pack}
        try:
            for outcome in await self._ask([ask for ask, _ in pack]):
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
