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
from gemini_api.retry import MAX_TRIES, Ruling, Verdict, backoff_s, judge
from gemini_api.settle import Ask, Exchange, Settled, fail, halves, settle
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
        settled = await self._settle(tuple(asks))
        later = await asyncio.gather(*(self.ask(again) for again in settled.again))
        return [*settled.outcomes, *(outcome for outcomes in later for outcome in outcomes)]

    async def _settle(self, asks: tuple[Ask, ...]) -> Settled:
        """Try until there is a reply to read or a reason to give up."""
        composed = compose(asks)
        silent_tries = 0
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
            if verdict.ruling is Ruling.ONCE_MORE:
                silent_tries += 1
                asks = await self._charge_unknown(asks, composed)
            if verdict.ruling is Ruling.END:
                first = self.limiter.end(verdict.reason, str(error))
                return _fail_all(asks, first.reason, first.message)
            if verdict.ruling is Ruling.SPLIT and len(asks) > 1:
                return Settled((), (), halves(asks))
            if verdict.ruling is Ruling.SPLIT or silent_tries > 1 or tries == MAX_TRIES:
                break
            await self._wait(verdict, tries)
        return _fail_all(asks, verdict.reason, f"{error} (tries: {tries})")

    async def _exchange(self, asks: tuple[Ask, ...], composed: Composed) -> Settled:
        route = asks[0].route
        raw = await self.client.send(route.model, composed.body, route.service_tier)
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

    async def _charge_unknown(self, asks: tuple[Ask, ...], composed: Composed) -> tuple[Ask, ...]:
        """A request that was sent and never answered may be billed, at the worst as a whole."""
        worst = self.billing.worst_case(asks, composed, datetime.now(UTC).date())
        shares = Spent(maybe_billed=worst, requests=1).shares(len(asks))
        await self.record(asks, Settled((), tuple(zip(asks, shares, strict=True)), ()))
        return tuple(
            replace(ask, wasted=ask.wasted + share) for ask, share in zip(asks, shares, strict=True)
        )

    async def _wait(self, verdict: Verdict, tries: int) -> None:
        if verdict.wait_s is None:
            await self.clock.sleep(backoff_s(tries, self.clock.chance()))
        else:
            await self.clock.sleep(verdict.wait_s)


def _fail_all(asks: Sequence[Ask], reason: Reason, message: str) -> Settled:
    return Settled(tuple(fail(ask, reason, message) for ask in asks), (), ())
