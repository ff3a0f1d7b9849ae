"""Asks until every image of a request has an answer or a failure that is final.

Each try holds a slot of the limiter until what it brought is durable: when a process dies, only the
requests in its slots can have been paid without a trace.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date

from tierwise.errors import ImageError, InputError, PriceError, RunEndedError
from tierwise.gemini.announcing import intent_of, paid_by
from tierwise.gemini.billing import Billing
from tierwise.gemini.call_error import CallError
from tierwise.gemini.client import GeminiClient, RawReply
from tierwise.gemini.compose import RequestParts, compose
from tierwise.gemini.limiter import Clock, Limiter
from tierwise.gemini.pace import Start
from tierwise.gemini.reply import Reply, read_reply
from tierwise.gemini.request_log import RequestLog
from tierwise.gemini.retry import (
    MAX_TRIES,
    MAX_UNANSWERED,
    NO_ROOM,
    Ruling,
    Verdict,
    backoff_s,
    judge,
    tier_of_try,
)
from tierwise.gemini.settle import Ask, Exchange, Settled, can_split, fail, halves, settle
from tierwise.gemini.sheets import by_picture, draw_sheets
from tierwise.journal.intents import Intents, Sending, Sums
from tierwise.prices.price_day import price_day
from tierwise.records import Outcome, Reason, ServiceTier, Spent

KeepReply = Callable[[Sequence[Ask], Settled], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Asker:
    """Everything that the requests of one process share.

    `record` is called with what each reply settled, and returns when that is durable. `intents` is
    where requests are written down before they are sent.
    `flex_fallback` is the tier of further tries after flex had no room; None stays at flex. `log`
    keeps a sample of what was sent. `executor` draws contact sheets, the loop's own when None.
    """

    client: GeminiClient
    limiter: Limiter
    billing: Billing
    record: KeepReply
    clock: Clock = Clock()
    flex_fallback: ServiceTier | None = None
    log: RequestLog | None = None
    executor: Executor | None = None
    intents: Intents = field(default_factory=Intents)

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
        try:
            composed = await self._compose(asks)
        except ImageError:
            return Settled((), (), halves(asks))  # alone, a picture is sent as it is
        async with self.intents.announced(intent_of(asks, self.billing)) as sending:
            return await self._until_billed(asks, composed, sending)

    async def _until_billed(
        self, asks: tuple[Ask, ...], composed: RequestParts, sending: Sending
    ) -> Settled:
        refusals = 0
        if asks[0].unanswered:
            await self.limiter.sleep(backoff_s(asks[0].unanswered, self.clock.chance()))
        for tries in range(1, MAX_TRIES + 1):
            tier = tier_of_try(asks[0].route.service_tier, refusals, self.flex_fallback)
            try:
                async with self.limiter.slot() as start:
                    self.limiter.observations.sent(len(asks), again=tries > 1)
                    asks = tuple(replace(ask, attempts=ask.attempts + 1) for ask in asks)
                    await sending.send()
                    settled = await self._exchange(asks, composed, tier, start)
                    sending.settle(paid_by(settled))
                    return settled
            except RunEndedError as ended:
                return _end_all(asks, ended)
            except CallError as caught:
                sending.settle(Sums())
                error, verdict = caught, _judge(asks, caught)
            refusals += error.status in NO_ROOM
            if verdict.ruling is Ruling.SPLIT and can_split(asks):
                return Settled((), (), halves(asks))
            if verdict.ruling is not Ruling.SPLIT and self.limiter.ended:
                return _end_all(asks, self.limiter.ended)
            if verdict.ruling is Ruling.SPLIT or tries == MAX_TRIES:
                break
            wait_s = backoff_s(tries, self.clock.chance())
            await self.limiter.sleep(wait_s if verdict.wait_s is None else verdict.wait_s)
        return _fail_all(asks, verdict.reason, f"{error} (tries: {tries})")

    async def _compose(self, asks: tuple[Ask, ...]) -> RequestParts:
        if all(len(together) == 1 for together in by_picture(asks)):
            return compose(asks)
        draw = asyncio.get_running_loop().run_in_executor
        return compose(asks, await draw(self.executor, draw_sheets, asks))

    async def _exchange(
        self, asks: tuple[Ask, ...], composed: RequestParts, tier: ServiceTier, start: Start
    ) -> Settled:
        came: RawReply | CallError
        # Prices are those of the moment of sending, and are known by then: once it is paid, what a
        # reply costs must not depend on a row that ends meanwhile.
        on = price_day(self.clock.now())
        try:
            self.billing.check_priced(asks[0].route, on)
        except PriceError as error:
            return _fail_all(asks, Reason.REJECTED, f"not sent: {error}")
        try:
            came = await self.client.send(asks[0].route.model, composed.body, tier)
        except CallError as error:
            came, verdict = error, _judge(asks, error)
            self._heed(start, error, verdict, tier)
            if verdict.ruling is not Ruling.ONCE_MORE:
                await self._log(asks, composed, tier, error)
                raise
            worst = self.billing.worst_case(asks, on)
            settled = _unknown(asks, verdict.reason, str(error), worst)
        else:
            self.limiter.reply(start)
            self.limiter.observations.replied(came.latency_ms)
            exchange = self._priced(asks, composed, came, tier, on)
            settled = replace(settle(asks, exchange), answerer=exchange.answerer)
        await self.record(asks, settled)
        await self._log(asks, composed, tier, came)
        return settled

    async def _log(
        self,
        asks: tuple[Ask, ...],
        composed: RequestParts,
        tier: ServiceTier,
        came: RawReply | CallError,
    ) -> None:
        if self.log:
            await self.log.note(asks, composed.body, tier, came, self.client.hide)

    def _heed(self, start: Start, error: CallError, verdict: Verdict, tier: ServiceTier) -> None:
        """Let all others know what a failure means for them."""
        if verdict.ruling is Ruling.END:
            self.limiter.end(verdict.reason, str(error))
        elif verdict.ruling is Ruling.SPLIT:
            self.limiter.reply(start)
        elif error.status == 429:
            self.limiter.refuse(start, verdict.wait_s)
        elif not (tier is ServiceTier.FLEX and self.flex_fallback and error.status in NO_ROOM):
            # What flex has no room for says nothing of the tier that it falls back to.
            self.limiter.fail(start)
        seconds = self.limiter.hopeless_s()
        if seconds is not None:
            share = (
                ""
                if self.limiter.answered
                else " (before a first reply, a fifth of --give_up_after_s is enough)"
            )
            self.limiter.end(
                verdict.reason,
                f"Nothing was answered for {seconds:.0f} s{share}, so no more was asked; "
                f"lately: {error}",
            )

    def _priced(
        self,
        asks: tuple[Ask, ...],
        composed: RequestParts,
        raw: RawReply,
        tier: ServiceTier,
        on: date,
    ) -> Exchange:
        reply = read_reply(raw.body, raw.headers)
        served = reply.service_tier or tier
        spent, pictures = self._spent(asks, reply, served, on)
        return Exchange(
            reply=reply,
            spent=spent,
            service_tier=served,
            latency_ms=raw.latency_ms,
            asked_at=self.clock.now().isoformat(),
            baselines=self.billing.baselines(asks, composed.texts, reply.usage, on),
            sent_bytes=composed.sent_bytes,
            pictures=pictures,
            answerer=self.billing.service.answerer_of(raw.headers),
        )

    def _spent(
        self, asks: tuple[Ask, ...], reply: Reply, served: ServiceTier, on: date
    ) -> tuple[Spent, Sequence[Spent]]:
        """What a reply cost, and each picture of it; at the worst where that is not to be known.

        A reply that is paid must reach the journal, whatever it says of its tokens, tier or model.
        """
        if reply.tells_usage:
            with suppress(InputError):  # no price is known for what was served
                spent = self.billing.spent(asks[0].route.model, reply, served, on)
                return spent, self.billing.of_pictures(asks, reply, spent, served, on)
        worst = self.billing.worst_case(asks, on)
        return Spent(reply.usage, maybe_billed=worst, requests=1), ()


def _unknown(asks: tuple[Ask, ...], reason: Reason, message: str, worst: int) -> Settled:
    """A request that was sent and never answered may be billed, at the worst as a whole.

    A pack is split after the second, for one of its pictures may be what the service dies of;
    each alone has two tries again.
    """
    shares = Spent(maybe_billed=worst, requests=1).shares(len(asks))
    charged = tuple(
        replace(ask, wasted=ask.wasted + share, unanswered=ask.unanswered + 1)
        for ask, share in zip(asks, shares, strict=True)
    )
    wasted = tuple(zip(asks, shares, strict=True))
    if charged[0].unanswered < MAX_UNANSWERED:
        return Settled((), wasted, (charged,))
    if can_split(asks):
        return Settled((), wasted, tuple(map(_as_first_try, halves(charged))))
    message = f"{message} (requests without a reply: {MAX_UNANSWERED})"
    return Settled(tuple(fail(ask, reason, message) for ask in charged), wasted, ())


def _as_first_try(half: tuple[Ask, ...]) -> tuple[Ask, ...]:
    """A half whose next loss splits it again, or an image by itself that may be lost once more."""
    unanswered = MAX_UNANSWERED - 1 if can_split(half) else 0
    return tuple(replace(ask, unanswered=unanswered) for ask in half)


def _judge(asks: Sequence[Ask], error: CallError) -> Verdict:
    return judge(error, by_reference=any(ask.reference for ask in asks))


def _fail_all(asks: Sequence[Ask], reason: Reason, message: str) -> Settled:
    return Settled(tuple(fail(ask, reason, message) for ask in asks), (), ())


def _end_all(asks: Sequence[Ask], ended: RunEndedError) -> Settled:
    failures = (fail(ask, ended.reason, ended.message, run_ended=True) for ask in asks)
    return Settled(tuple(failures), (), ())
