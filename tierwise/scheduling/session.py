"""What the images of one bundle share: requests that several of them fill, and who shrinks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import ParamSpec, TypeVar

from tierwise.answering.plan import Plan
from tierwise.batches.gather import Gatherer
from tierwise.gemini.asker import Asker
from tierwise.gemini.compose import PackKind, kind_of_pack
from tierwise.gemini.settle import Ask
from tierwise.journal.lines import Entry
from tierwise.looks import pack_size
from tierwise.records import ImageFile, Outcome
from tierwise.scheduling.packer import Packer
from tierwise.scheduling.room import Room
from tierwise.scheduling.shrinkers import OfFile, Shrinkers
from tierwise.tasks import Task

# How long everything must have been quiet before requests that are not full are sent.
_QUIET_S = 0.005

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Names = tuple[str, ...]


class Session:
    """Belongs to one event loop. `shrinkers` read and shrink pictures.

    `room` is what its lives take up. `gatherer` takes what batch jobs ask, None where none do.
    """

    def __init__(
        self,
        plan: Plan,
        asker: Asker,
        shrinkers: Shrinkers,
        room: Room,
        gatherer: Gatherer | None = None,
    ) -> None:
        self.plan = plan
        self.room = room
        self.gatherer = gatherer
        self.asker = asker
        if gatherer:
            self.asker = replace(asker, put_off=gatherer.put_off)
        self._shrinkers = shrinkers
        self._packers: dict[tuple[Names, PackKind], Packer] = {}
        self._before = _all_before(plan.questions.of_images)
        self._preparing = 0
        self._starved = False
        self._stood_still = False

    async def ask(self, questions: Sequence[Ask]) -> list[Outcome]:
        """The outcome of each question about an image, asked together with other images."""
        outcomes = self._packer(questions).add(questions)
        self._flush_when_quiet()
        return await asyncio.gather(*outcomes)

    async def ask_together(self, asks: Sequence[Ask]) -> dict[str, Outcome]:
        """The outcomes of one question about all images of a group, by request id."""
        return {outcome.request_id: outcome for outcome in await self.asker.ask(asks)}

    async def keep(self, entries: Sequence[Entry]) -> None:
        """Return when entries of the journal are durable that no reply has brought."""
        await self.asker.keep(entries)

    def check_open(self) -> None:
        """Without a cap, pictures are opened whatever they may cost."""

    async def prepare(
        self,
        function: OfFile[Arguments, Result],
        file: ImageFile,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Run beside the event loop."""
        self._preparing += 1
        self._stood_still = False
        try:
            return await self._shrinkers.call(function, file, *args, **kwargs)
        finally:
            self._preparing -= 1
            self._flush_when_quiet()

    def starve(self, *, starved: bool) -> None:
        """Say whether more images will come; when none do, no request waits until it is full."""
        self._starved = starved
        self._flush_when_quiet()

    def look(self) -> None:
        """Called now and then: where others wait for room, no request waits for what may not come.

        Whoever brings images may itself wait for them, behind what others do not take in.
        """
        stalled = self.room.short and self._stalled()
        if stalled and self._stood_still:
            self._flush_first()
        self._stood_still = stalled

    def cancel(self) -> None:
        """Give up all questions that are under way."""
        for packer in self._packers.values():
            packer.cancel()

    def _packer(self, questions: Sequence[Ask]) -> Packer:
        """Where images with the same questions gather that may go in one request."""
        kind = tuple(ask.task.name for ask in questions), kind_of_pack(questions[0])
        if kind not in self._packers:
            self._packers[kind] = Packer(
                pack_size([ask.route for ask in questions]),
                self.asker.ask,
                self._flush_when_quiet,
                self.asker.billing.tokens_in_pack,
            )
        return self._packers[kind]

    def _flush_when_quiet(self) -> None:
        if self._starved and self._stalled():
            asyncio.get_running_loop().call_later(_QUIET_S, self._flush_if_stalled)

    def _flush_if_stalled(self) -> None:
        # In the meantime an answer may have led to further questions, which fill the requests.
        if self._starved and self._stalled():
            self._flush_first()

    def _flush_first(self) -> None:
        some = (names for (names, _), packer in self._packers.items() if packer.waiting)
        waiting = {name for names in some for name in names}
        for (names, _), packer in self._packers.items():
            # What is asked first may lead to questions that fill the requests behind it.
            if not any(waiting & self._before[name] for name in names):
                packer.flush()

    def _stalled(self) -> bool:
        packers = self._packers.values()
        return (
            self._preparing == 0
            and not any(packer.busy for packer in packers)
            and any(packer.waiting for packer in packers)
        )


def _all_before(tasks: Sequence[Task]) -> dict[str, frozenset[str]]:
    """For each task, all that it depends on, however far; they come in an order that allows it."""
    before: dict[str, frozenset[str]] = {}
    for task in tasks:
        direct = frozenset(task.depends_on)
        before[task.name] = direct.union(*(before[name] for name in direct))
    return before
