"""Every question of a shard is asked once, whoever asks it and however often."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tierwise.answers.json_schemas import Schema
from tierwise.journal.recalled import Recalled, free
from tierwise.records import Outcome, Spent


class QuestionsAsked:
    """Belongs to one event loop and one shard; `recalled` is what its journal knows."""

    def __init__(self, recalled: Recalled) -> None:
        self.recalled = recalled
        self._under_way: dict[str, asyncio.Task[Outcome]] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    def wasted(self, request_id: str) -> Spent:
        """What this run has paid for this question without an outcome, told once."""
        return self.recalled.wasted.pop(request_id, Spent())

    def recall(self, request_id: str) -> Outcome:
        """What the journal knows of a question; the first who wants to know pays for it.

        Raises:
            KeyError: it knows nothing.
        """
        known = self.recalled.outcomes[request_id]
        self.recalled.outcomes[request_id] = free(known)
        return known

    def turn(self, key: str) -> asyncio.Lock:
        """Held by one of those that ask the same, so that the first to begin is who pays."""
        return self._turns.setdefault(key, asyncio.Lock())

    async def once(
        self, request_id: str, shape: Schema, ask: Callable[[], Awaitable[Outcome]]
    ) -> Outcome:
        """The outcome of a question; the first who wants to know pays for it."""
        if self.recalled.outcome(request_id, shape):
            return self.recall(request_id)
        if request_id in self._under_way:
            return free(await asyncio.shield(self._under_way[request_id]))
        self._under_way[request_id] = task = asyncio.ensure_future(_await(ask))
        outcome = await task
        self.recalled.outcomes[request_id] = free(outcome)
        del self._under_way[request_id]
        return outcome


async def _await(ask: Callable[[], Awaitable[Outcome]]) -> Outcome:
    return await ask()
