"""Asks until every image of a request has an answer or a failure that is final.

Each try holds a slot of the limiter until what it brought is durable: when a process dies, only the
requests in its slots can have been paid without a trace.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gemini_api.billing import Billing
from gemini_api.client import CallError, GeminiClient, RawReply
from gemini_api.compose import Composed, compose
from gemini_api.limiter import Clock, Limiter
from gemini_api.retry import MAX_TRIES, MAX_UNANSWERED, Ruling, Verdict, backoff_s, judge
from gemini_api.settle import Ask, Exchange, Settled, can_split, fail, halves, settle
from gemini_api.wire import read_reply
from tierwise.errors import RunEndedError
from tierwise.records import Outcome, Reason, Spent

Record = Callable[[Sequence[Ask], Settled], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Asker:
    """Everything that the requests of one process share.

    `record` is called with what each reply settled, and returns when that is durable.
    """

    client: GeminiClient
    limiter: Limiter
    billing: Billing
    record: Record
    clock: Clock = Clock()

    async def ask(self, asks: Sequence[Ask]) -> list[Outcome]:
        """One outcome per image, in no particular order; never raises for what Google does."""
        settled = await self.once(asks)
        later = await asyncio.gather(*(self.ask(again) for again in settled.again))
        return [*settled.outcomes, *(outcome for outcomes in later for outcome in outcomes)]

    async def once(self, asks: Sequence[Ask]) -> Settled:
        """Ask until one request has been billed, or may have been, or there is no use in asking.

        It costs at most `Billing.worst_case`. What is to be asked again costs as much once more.
        """
        asks = tuple(asks)
        composed = compose(asks)
        if asks[0].unanswered:
            await self._wait(Verdict(Ruling.ONCE_MORE, Reason.UNAVAILABLE), asks[0].unanswered)
        for tries in range(1, MAX_TRIES + 1):
            try:
                async with self.limiter.slot() as start:
                    asks = tuple(replace(ask, attempts=ask.attempts + 1) for ask in asks)
                    return await self._exchange(asks, composed)
            except RunEndedError as ended:
                return _fail_all(asks, ended.reason, ended.message)
            except CallError as caught:
                error, verdict = caught, judge(caught)
                if caught.status == 429 and verdict.ruling is Ruling.AGAIN:
                    self.limiter.refuse(start, verdict.wait_s)
            if verdict.ruling is Ruling.END:
                first = self.limiter.end(verdict.reason, str(error))
                return _fail_all(asks, first.reason, first.message)
            if verdict.ruling is Ruling.SPLIT and can_split(asks):
                return Settled((), (), halves(asks))
            if verdict.ruling is Ruling.SPLIT or tries == MAX_TRIES:
                break
            await self._wait(verdict, tries)
        return _fail_all(asks, verdict.reason, f"{error} (tries: {tries})")

    async def _exchange(self, asks: tuple[Ask, ...], composed: Composed) -> Settled:
        route = asks[0].route
        try:
            raw = await self.client.send(route.model, composed.body, route.service_tier)
        except CallError as error:
            verdict = judge(error)
            if verdict.ruling is not Ruling.ONCE_MORE:
                raise
            settled = self._unknown(asks, verdict.reason, str(error))
        else:
            settled = settle(asks, self._priced(asks, composed, raw))
        await self.record(asks, settled)
        return settled

    def _priced(self, asks: tuple[Ask, ...], composed: Composed, raw: RawReply) -> Exchange:
        now = datetime.now(UTC)
        route, reply = asks[0].route, read_reply(raw.body, raw.headers)
        tier = reply.service_tier or route.service_tier
        return Exchange(
            reply=reply,
            spent=self.billing.spent(route.model, reply, tier, now.date()),
            service_tier=tier,
            latency_ms=raw.latency_ms,
            asked_at=now.isoformat(),
            baselines=self.billing.baselines(asks, composed.texts, reply.usage, now.date()),
        )

    def _unknown(self, asks: tuple[Ask, ...], reason: Reason, message: str) -> Settled:
        """A request that was sent and never answered may be billed, at the worst as a whole."""
        worst = self.billing.worst_case(asks, datetime.now(UTC).date())
        shares = Spent(maybe_billed=worst, requests=1).shares(len(asks))
        charged = tuple(
            replace(ask, wasted=ask.wasted + share, unanswered=ask.unanswered + 1)
            for ask, share in zip(asks, shares, strict=True)
        )
        wasted = tuple(zip(asks, shares, strict=True))
        if charged[0].unanswered < MAX_UNANSWERED:
            return Settled((), wasted, (charged,))
        message = f"{message} (requests without a reply: {MAX_UNANSWERED})"
        return Settled(tuple(fail(ask, reason, message) for ask in charged), wasted, ())

    async def _wait(self, verdict: Verdict, tries: int) -> None:
        if verdict.wait_s is None:
            await self.clock.sleep(backoff_s(tries, self.clock.chance()))
        else:
            await self.clock.sleep(verdict.wait_s)


def _fail_all(asks: Sequence[Ask], reason: Reason, message: str) -> Settled:
    return Settled(tuple(fail(ask, reason, message) for ask in asks), (), ())
