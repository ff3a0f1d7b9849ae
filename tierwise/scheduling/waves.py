"""Asks the questions of one shard while its purse lasts.

Requests go out in waves. A wave begins when nothing is under way any more and no image has anything
left to do but wait: all questions that are there by then are put in the order of their contents,
packed, and admitted one after the other while their worst cases fit. So who is admitted follows
from the archive and the replies alone, not from who was quicker. A group's question is a pack that
is not split.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar

from tierwise.accounts.admission import Purse
from tierwise.accounts.tables import usd
from tierwise.answering.plan import Plan
from tierwise.errors import ImageError
from tierwise.gemini.asker import Asker
from tierwise.gemini.compose import PackKind, kind_of_pack
from tierwise.gemini.request_room import packs
from tierwise.gemini.settle import Ask, can_split, fail, halves
from tierwise.journal.lines import Entry
from tierwise.looks import pack_size
from tierwise.records import ImageFile, Outcome, Reason
from tierwise.scheduling.shrinkers import OfFile, Shrinkers

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Asks = tuple[Ask, ...]

# An answer wakes, turn by turn of the event loop, whoever waits for it: a few for each task that
# may depend on another, and some to spare.
_TURNS = 16
_TURNS_PER_TASK = 8


class Waves:
    """Belongs to one event loop and one shard. `shrinkers` read and shrink pictures.

    `ranks` says by content whose turn comes first; where nothing is said, all are alike.
    """

    def __init__(
        self,
        plan: Plan,
        asker: Asker,
        shrinkers: Shrinkers,
        purse: Purse,
        ranks: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.plan = plan
        self.purse = purse
        self._asker = asker
        self._shrinkers = shrinkers
        self._ranks = ranks
        self._new: list[Asks] = []  # the questions about one image each
        self._packed: list[Asks] = []  # new ones of groups, and what is to be asked again
        # Two tasks may put the same question at once, where one has it asked apart.
        self._outcomes: dict[tuple[str, str], asyncio.Future[Outcome]] = {}
        self._preparing = 0
        self._prepared = asyncio.Event()
        self._prepared.set()
        self._moves = 0
        self._refused = ""

    @property
    def exhausted(self) -> bool:
        """Whether something did not fit any more, so that opening further pictures is idle."""
        return bool(self._refused)

    def refuse_the_rest(self) -> None:
        """No image or group that is left fits: open and ask nothing more."""
        self._refused = self._refused or self._message(
            "what this image or its group may cost does not fit any more"
        )

    async def answer(self, lives: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
        """Let images or groups live side by side; what became of each, in their order."""
        tasks = [asyncio.create_task(life) for life in lives]
        try:
            await self._come_to_rest()
            while self._new or self._packed:
                await self._wave()
                await self._come_to_rest()
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def ask(self, questions: Sequence[Ask]) -> list[Outcome]:
        """The outcome of each question about an image, asked together with other images."""
        return await self._asked(questions, self._new)

    async def ask_together(self, asks: Sequence[Ask]) -> dict[str, Outcome]:
        """The outcomes of one question about all images of a group, by request id."""
        outcomes = await self._asked(asks, self._packed)
        return {outcome.request_id: outcome for outcome in outcomes}

    async def _asked(self, asks: Sequence[Ask], waiting: list[Asks]) -> list[Outcome]:
        if self._refused:
            return [fail(ask, Reason.OVER_BUDGET, self._refused) for ask in asks]
        waiting.append(tuple(asks))
        return await asyncio.gather(*map(self._outcome, asks))

    async def keep(self, entries: Sequence[Entry]) -> None:
        """Return when entries of the journal are durable that no reply has brought."""
        with self._busy():
            await self._asker.keep(entries)

    def check_open(self) -> None:
        """Raises ImageError when there is nothing any more to ask a picture with."""
        if self._refused:
            raise ImageError(Reason.OVER_BUDGET, self._refused)

    async def prepare(
        self,
        function: OfFile[Arguments, Result],
        file: ImageFile,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Run beside the event loop."""
        with self._busy():
            return await self._shrinkers.call(function, file, *args, **kwargs)

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """While an image waits for something else than an answer, no wave begins."""
        self._preparing += 1
        self._prepared.clear()
        try:
            yield
        finally:
            self._preparing -= 1
            self._moves += 1
            if not self._preparing:
                self._prepared.set()

    async def _come_to_rest(self) -> None:
        """Return when nobody does anything but wait for an answer."""
        turns, moves = 0, -1
        while turns < _TURNS + _TURNS_PER_TASK * len(self.plan.questions.of_images):
            await self._prepared.wait()
            await asyncio.sleep(0)
            turns, moves = turns + 1 if moves == self._moves else 0, self._moves

    async def _wave(self) -> None:
        waiting = sorted([*self._packed, *self._new_packs()], key=self._order)
        self._new, self._packed = [], []
        admitted, others = list[tuple[Asks, int]](), list[Asks]()
        for pack in map(self._asker.put, waiting):  # another form may cost more
            worst = self._worst(pack)
            # Where some are more wanted, nobody goes before one that has to wait.
            if not (self._ranks and others) and self.purse.hold(worst):
                admitted.append((pack, worst))
            else:
                others.append(pack)
        if admitted:
            self._packed = others
            await asyncio.gather(*(self._send(pack, worst) for pack, worst in admitted))
        else:
            self._refuse(others)

    async def _send(self, pack: Asks, worst: int) -> None:
        settled = await self._asker.once(pack)
        spent = [outcome.spent for outcome in settled.outcomes]
        spent += [wasted for _, wasted in settled.wasted]
        self.purse.settle(worst, sum(share.cost + share.maybe_billed for share in spent))
        self._packed += settled.again
        for outcome in settled.outcomes:
            self._resolve(outcome)

    def _refuse(self, packs: Sequence[Asks]) -> None:
        """Nothing fits while nothing is under way: halve packs, and give up what cannot be."""
        for pack in packs:
            if can_split(pack):
                self._packed += halves(pack)
            else:
                worst = self._worst(pack)
                self._refused = self._message(f"it may cost ${usd(worst):f}")
                for ask in pack:
                    self._resolve(fail(ask, Reason.OVER_BUDGET, self._refused))

    def _worst(self, pack: Asks) -> int:
        """What a request may cost that waits for its slot, at prices of another day."""
        return self._asker.worst(pack, self._asker.clock.now())

    def _message(self, why: str) -> str:
        return (
            f"not asked: {why}, and of what --max_cost_usd leaves for this part of the archive "
            f"${usd(self.purse.free):f} is free. Run again with a higher --max_cost_usd, or with "
            "this one while run.json says that some of it is left."
        )

    async def _outcome(self, ask: Ask) -> Outcome:
        self._moves += 1
        key = ask.request_id, ask.task.name
        self._outcomes[key] = asyncio.get_running_loop().create_future()
        return await self._outcomes[key]

    def _resolve(self, outcome: Outcome) -> None:
        self._moves += 1
        self._outcomes.pop((outcome.request_id, outcome.task)).set_result(outcome)

    def _new_packs(self) -> Iterator[Asks]:
        """New questions in the requests that they share."""
        alike: dict[tuple[tuple[str, ...], PackKind], list[Asks]] = {}
        for questions in sorted(self._new, key=self._order):
            names = tuple(ask.task.name for ask in questions)
            alike.setdefault((names, kind_of_pack(questions[0])), []).append(questions)
        for images in alike.values():
            most = pack_size([ask.route for ask in images[0]])
            yield from packs(images, most, self._asker.billing.tokens_in_pack)

    def _order(self, pack: Asks) -> tuple[int, str, int, str]:
        """By rank, then by content, so that an image that was begun comes before the next one."""
        first = pack[0]
        rank = self._ranks.get(first.content_hash, 0)
        return rank, first.content_hash, first.page.number, first.request_id
