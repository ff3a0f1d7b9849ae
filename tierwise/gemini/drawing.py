"""What is drawn becomes a file before its reply is settled, and is looked for before a request."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from tierwise.answerer import Answerer
from tierwise.gemini.finish import Finish, finish_of
from tierwise.gemini.reply import Reply
from tierwise.gemini.settle import Ask, Exchange, Settled, settle
from tierwise.records import Answer, Spent, Usage
from tierwise.storage.drawn_files import DrawnFiles, PictureKey

Result = TypeVar("Result")


def with_drawn(files: DrawnFiles, asks: Sequence[Ask], exchange: Exchange) -> Exchange:
    """The exchange with the file that its picture became; the same where nothing was drawn.

    Raises:
        OSError: it cannot be written: it is paid and lost, and the run must stop.
    """
    keeping, reply = asks[0].task.answer.keeps(), exchange.reply
    if keeping is None or not reply.picture:
        return exchange
    if finish_of(reply) is not Finish.ANSWER:
        return exchange
    kept = files.keep(_key(asks[0]), reply.picture, file_format=keeping.file_format)
    return replace(exchange, drawn=kept)


def keep_inputs(files: DrawnFiles, asks: Sequence[Ask]) -> None:
    """Keep the pictures that are sent, where the task wants them beside what is drawn."""
    keeping = asks[0].task.answer.keeps()
    if keeping is None or not keeping.sent:
        return
    for place, ask in enumerate(asks, start=1):
        if sent := ask.picture:
            kind = sent.mime_type.removeprefix("image/")
            number = str(place) if len(asks) > 1 else ""
            files.keep_input(_key(asks[0]), sent.data, kind, number)


def drawn_before(files: DrawnFiles, asks: Sequence[Ask], answerer: Answerer) -> Settled | None:
    """The outcomes of a request whose picture is there, and of which the journal knows nothing.

    What it cost, the run told that drew it: it counts its request among those that were under way.
    """
    ask = asks[0]
    found = files.find(_key(ask))
    if found is None:
        return None
    exchange = Exchange(
        reply=Reply("", "STOP", "", Usage(), "", None, picture=found.file),
        shares=[Spent()] * len(asks),
        service_tier=ask.route.service_tier,
        latency_ms=0,
        asked_at=datetime.now(UTC).isoformat(),
        baselines=[0] * len(asks),
        sent_bytes=[0] * len(asks),
        answerer=answerer,
        drawn=found,
    )
    settled = settle(asks, exchange)
    known = (replace(one, reused=True) for one in settled.outcomes if isinstance(one, Answer))
    return replace(settled, outcomes=tuple(known), answerer=answerer)


def _key(ask: Ask) -> PictureKey:
    return PictureKey(ask.task.row_of, ask.content_hash, ask.request_id)


@dataclass(frozen=True, slots=True)
class Drawing:
    """The same beside an event loop; `answerer` is who draws, as far as is known."""

    files: DrawnFiles
    executor: Executor

    async def kept(self, asks: Sequence[Ask], exchange: Exchange) -> Exchange:
        """As `with_drawn`."""
        if not exchange.reply.picture:
            return exchange
        return await self._run(partial(with_drawn, self.files, asks, exchange))

    async def keep_inputs(self, asks: Sequence[Ask]) -> None:
        """As above."""
        await self._run(partial(keep_inputs, self.files, asks))

    async def before(self, asks: Sequence[Ask]) -> Settled | None:
        """As `drawn_before`."""
        return await self._run(partial(drawn_before, self.files, asks, self.files.answerer))

    async def _run(self, function: partial[Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self.executor, function)
