"""Every question of a shard is asked once, whoever asks it and however often."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from tierwise.answering.question import known_outcome
from tierwise.gemini.settle import Ask
from tierwise.journal.recalled import Recalled, free
from tierwise.records import Outcome, Spent

AskAll = Callable[[list[Ask]], Awaitable[list[Outcome]]]


class QuestionsAsked:
    """Belongs to one event loop and one shard; `recalled` is what its journal knows."""

    def __init__(self, recalled: Recalled) -> None:
        self.recalled = recalled
        self._under_way: dict[tuple[str, bool], asyncio.Future[Outcome]] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    def wasted(self, request_id: str) -> Spent:
        """What this run has paid for this question without an outcome, told once."""
        return self.recalled.wasted.pop(request_id, Spent())

    def recall(self, request_id: str) -> Outcome:
        """What the journal knows of a question; the first who wants to know pays for it.

        Raises:
            KeyError: it knows nothing.
        """
        known = self.recalled.outcomes.get(request_id)
        if known is None:
            return self.recalled.declined[request_id]
        self.recalled.outcomes[request_id] = free(known)
        return known

    def turn(self, key: str) -> asyncio.Lock:
        """Held by one of those that ask the same, so that the first to begin is who pays."""
        return self._turns.setdefault(key, asyncio.Lock())

    async def once(self, asks: Sequence[Ask], ask: AskAll) -> list[Outcome]:
        """The outcome of each question; the first who wants to know pays for it.

        `ask` is called with those that nobody has asked. Of a trial of asking together, all are
        asked where not all are known.
        """
        asks = self._begun_anew(asks)
        known: dict[int, Outcome] = {}
        awaited: dict[int, asyncio.Future[Outcome]] = {}
        mine: dict[int, asyncio.Future[Outcome]] = {}
        for place, one in enumerate(asks):
            if known_outcome(one, self.recalled):
                known[place] = self.recall(one.request_id)
            elif under_way := self._asked_already(one):
                awaited[place] = under_way
            else:
                mine[place] = self._begin(one)
        if mine:
            known |= await self._ask({place: asks[place] for place in mine}, mine, ask)
        for place, under_way in awaited.items():
            known[place] = free(await asyncio.shield(under_way))
        return [known[place] for place in range(len(asks))]

    def _begun_anew(self, asks: Sequence[Ask]) -> Sequence[Ask]:
        """The questions, those of a trial that is half known without what is known.

        What this run has paid for that was for nothing.
        """
        known = [one for one in asks if known_outcome(one, self.recalled)]
        if not asks or not asks[0].task.tried_with or len(known) == len(asks):
            return asks
        paid = {}
        for request_id in {one.request_id for one in known}:
            outcome = self.recalled.outcomes.pop(request_id, None)
            outcome = outcome or self.recalled.declined.pop(request_id)
            paid[request_id] = outcome.spent + outcome.wasted
        return [replace(one, wasted=one.wasted + paid.get(one.request_id, Spent())) for one in asks]

    def _asked_already(self, one: Ask) -> asyncio.Future[Outcome] | None:
        """The outcome to be of the same question; one asked by itself serves whoever asks it."""
        return self._under_way.get((one.request_id, True)) or self._under_way.get(_key(one))

    def _begin(self, one: Ask) -> asyncio.Future[Outcome]:
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._under_way[_key(one)] = outcome
        return outcome

    async def _ask(
        self, asks: Mapping[int, Ask], mine: Mapping[int, asyncio.Future[Outcome]], ask: AskAll
    ) -> dict[int, Outcome]:
        try:
            found = dict(zip(asks, await ask(list(asks.values())), strict=True))
        except BaseException as error:
            for outcome in mine.values():
                _fail(outcome, error)
            raise
        for place, one in asks.items():
            mine[place].set_result(found[place])
            self.recalled.keep(free(found[place]))
            del self._under_way[_key(one)]
        return found


def _fail(outcome: asyncio.Future[Outcome], error: BaseException) -> None:
    """Let whoever waits hear of a bug; where nobody does, the first to ask raises it."""
    if isinstance(error, asyncio.CancelledError):
        outcome.cancel()
    else:
        outcome.set_exception(error)
        outcome.exception()


def _key(ask: Ask) -> tuple[str, bool]:
    """What is asked, and whether only an answer to it alone will do."""
    return ask.request_id, ask.task.asked_apart
