"""Asks until every image of a request has an answer or a failure that is final.

Each try holds a slot of the limiter until what it brought is durable: when a process dies, only the
requests in its slots can have been paid without a trace.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from tierwise.errors import ImageError, PriceError, RunEndedError
from tierwise.gemini.announcing import intent_of, names_of, paid_by
from tierwise.gemini.billing import Billing
from tierwise.gemini.caches import Caches, NoCaches, Use
from tierwise.gemini.call_error import CallError
from tierwise.gemini.charges import answered, unanswered
from tierwise.gemini.compose import RequestParts, compose
from tierwise.gemini.drawing import Drawing
from tierwise.gemini.form_memory import FormMemory
from tierwise.gemini.gate import Gate, Pass, Scope
from tierwise.gemini.hearing import Refused
from tierwise.gemini.limiter import Clock, HeldBackError, Limiter
from tierwise.gemini.pace import Start
from tierwise.gemini.raw_reply import RawReply
from tierwise.gemini.request_log import RequestLog
from tierwise.gemini.retry import (
    Ruling,
    Verdict,
    backoff_s,
    judge,
    tier_of_try,
    words_of,
)
from tierwise.gemini.settle import (
    Ask,
    Settled,
    by_image,
    by_question,
    can_split,
    fail_all,
    halves,
    in_pack,
    is_joint,
    settle,
)
from tierwise.gemini.sheets import by_picture, draw_sheets
from tierwise.gemini.tries import Tries
from tierwise.journal.intents import Check, Intents, Sending, Sums, unchecked
from tierwise.journal.lines import Entry
from tierwise.prices.price_day import price_day
from tierwise.records import Outcome, Reason, ServiceTier

if TYPE_CHECKING:
    from tierwise.gemini.client import GeminiClient

_LOST_TWICE = 2
# A request waits so long for its slot at the most, and one that a job asks for its job.
_MAY_WAIT, _ORDERED_WITHIN = timedelta(hours=1), timedelta(days=1)


class _CacheBlamedError(Exception):
    """A request was refused, perhaps for the cache that it named."""


KeepReply = Callable[[Sequence[Ask], Settled], Awaitable[None]]
KeepEntries = Callable[[Sequence[Entry]], Awaitable[None]]


async def no_journal(entries: Sequence[Entry]) -> None:
    """For those who have none; raises RuntimeError."""
    raise RuntimeError(f"there is no journal to keep {len(entries)} entries in")


PutOff = Callable[[Sequence[Ask], RequestParts, int], Awaitable[Settled]]


@dataclass(frozen=True, slots=True)
class Asker:
    """Everything that the requests of one process share.

    `record` is called with what each reply settled, `keep` with what the journal keeps besides;
    both return when that is durable. `intents` is
    where requests are written down before they are sent.
    `flex_fallback` is the tier of further tries after flex had no room; None stays at flex. `log`
    keeps a sample of what was sent. `executor` draws contact sheets, the loop's own when None.
    `forms` knows how questions are put. What is asked at the batch tier is given to `put_off`, with
    the most that it can cost; where that is None, or no job asks it any more, it is asked at once
    at its model's tier in `batch_instead`, or left to a later run where that has none. `may_send`
    raises where nothing may be sent any more. `caches` hold what prompts have in common. `drawing`
    keeps what is drawn; None where nothing is.
    """

    client: GeminiClient
    limiter: Limiter
    gate: Gate
    billing: Billing
    record: KeepReply
    clock: Clock = Clock()
    flex_fallback: ServiceTier | None = None
    log: RequestLog | None = None
    executor: Executor | None = None
    intents: Intents = field(default_factory=Intents)
    forms: FormMemory = field(default_factory=FormMemory)
    put_off: PutOff | None = None
    may_send: Check = unchecked
    batch_instead: Mapping[str, ServiceTier | None] = field(default_factory=dict)
    caches: Caches | NoCaches = field(default_factory=NoCaches)
    keep: KeepEntries = no_journal
    drawing: Drawing | None = None

    async def ask(self, asks: Sequence[Ask]) -> list[Outcome]:
        """One outcome per image, in no particular order; never raises for what Google does."""
        settled = await self.once(asks)
        later = await asyncio.gather(*(self.ask(again) for again in settled.again))
        return [*settled.outcomes, *(outcome for outcomes in later for outcome in outcomes)]

    async def once(self, asks: Sequence[Ask]) -> Settled:
        """Ask until one request has been billed, or may have been, or there is no use in asking.

        It costs at most `Billing.worst_case`. What is to be asked again costs as much once more.
        """
        return await self._without_asking(asks) or await self._asked(asks)

    async def _asked(self, asks: Sequence[Ask]) -> Settled:
        if is_joint(asks) and self.forms.hopeless(asks):
            return Settled((), (), by_question(asks))
        by_job = self.is_by_job(asks)
        route = asks[0].route
        idle = route.service_tier is ServiceTier.BATCH and not by_job
        if idle and self.batch_instead.get(route.model) is None:
            return _left(asks)
        asks = in_pack(self.put(asks))
        try:
            composed = await self._compose(asks)
        except ImageError:
            return Settled((), (), halves(asks))  # alone, a picture is sent as it is
        if self.put_off and by_job:
            return await self.put_off(asks, composed, self.worst(asks, self.clock.now()))
        intent = intent_of(asks, self.billing)
        async with self.intents.announced(intent, self.may_send) as sending:
            with self.caches.wanted(asks, composed) as use:
                return await self._until_billed(asks, composed, sending, intent.worst, use)

    async def _without_asking(self, asks: Sequence[Ask]) -> Settled | None:
        """What cannot be drawn, or was by a run that was killed before its journal told of it."""
        if problem := asks[0].task.answer.problem_with(asks[0].route.model):
            return fail_all(asks, Reason.REJECTED, f"not sent: {problem}")
        if self.drawing is None or not asks[0].task.answer.draws():
            return None
        if known := await self.drawing.before(asks):
            await self.record(asks, known)
            return known
        await self.drawing.keep_inputs(asks)
        return None

    def put(self, asks: Sequence[Ask]) -> tuple[Ask, ...]:
        """A request in the form in which it is asked now."""
        return self.forms.put_in_batch(asks) if self.is_by_job(asks) else self.forms.put(asks)

    def is_by_job(self, asks: Sequence[Ask]) -> bool:
        """Whether a batch job asks this: not where jobs have lost it twice, and another way is."""
        first = asks[0]
        if self.put_off is None or first.route.service_tier is not ServiceTier.BATCH:
            return False
        lost = max(ask.lost for ask in asks) >= _LOST_TWICE
        return not (first.at_once or (lost and self.batch_instead.get(first.route.model)))

    def worst(self, asks: Sequence[Ask], now: datetime) -> int:
        """The most that a request can cost that waits for its slot until soon, or for its job.

        In nano-dollars; 0 where no price is known.
        """
        by_job = self.is_by_job(asks)
        days = {price_day(now), price_day(now + (_ORDERED_WITHIN if by_job else _MAY_WAIT))}
        return max(self.billing.at_most(asks, day, echoed=by_job) for day in days)

    async def _until_billed(
        self,
        asks: tuple[Ask, ...],
        composed: RequestParts,
        sending: Sending,
        worst: int,
        use: Use,
    ) -> Settled:
        if asks[0].unanswered:
            await self.limiter.sleep(backoff_s(asks[0].unanswered, self.clock.chance()))
        tries = Tries(self.limiter.now())
        while True:
            scope = self._scope(asks, tries)
            try:
                await self.gate.wait(scope, worst)
                if otherwise := self.forms.better(asks):
                    return Settled((), (), (otherwise,))
                await use.ready(scope.tier, proven=self.gate.proven(scope))
                ready = partial(self.gate.ready, scope, worst)
                async with self.limiter.slot(ready) as start:
                    with self.gate.passing(scope, worst) as passed:
                        self.limiter.observations.sent(len(by_image(asks)), again=tries.failed > 0)
                        asks = tuple(replace(ask, attempts=ask.attempts + 1) for ask in asks)
                        await sending.send()
                        settled = await self._exchange(asks, composed, passed, start, use)
                        paid = paid_by(settled)
                        sending.settle(paid)
                        self.gate.paid(passed, paid.cost)
                        return settled
            except HeldBackError:
                continue
            except _CacheBlamedError:
                sending.settle(Sums())
                continue
            except RunEndedError as ended:
                return _end_all(asks, ended)
            except CallError as caught:
                sending.settle(Sums())
                error, verdict = caught, _judge(asks, caught)
            if otherwise := self.forms.after(asks, error, verdict):
                return Settled((), (), (otherwise,))
            if verdict.ruling in (Ruling.SPLIT, Ruling.FORM):
                return self._narrow(asks, scope, f"{error} (tries: {tries.failed + 1})")
            if tries.over(verdict, self.limiter.now()):
                return self._give_up(asks, scope, verdict, f"{error} (tries: {tries.failed})")
            known = self.gate.proven(scope)
            await self.limiter.sleep(tries.wait_s(verdict, self.clock.chance(), answered=known))

    def _scope(self, asks: Sequence[Ask], tries: Tries) -> Scope:
        wanted = asks[0].route.service_tier
        if wanted is ServiceTier.BATCH:
            wanted = self.batch_instead.get(asks[0].route.model) or ServiceTier.STANDARD
        tier = tier_of_try(wanted, tries.without_room, self.flex_fallback)
        return Scope(names_of(asks), asks[0].route.model, tier)

    def _narrow(self, asks: tuple[Ask, ...], scope: Scope, message: str) -> Settled:
        """Find the image that is to blame; a question never answered yet may be to blame itself."""
        if not can_split(asks):
            return fail_all(asks, Reason.REJECTED, message)
        if is_joint(asks) and self.forms.in_vain(asks):
            self.forms.refused(asks)
            return Settled((), (), by_question(asks))
        first = len(by_image(asks)[0])
        scout = (asks[:first], asks[first:])
        known = self.gate.proven(scope) or first == len(asks)
        return Settled((), (), halves(asks) if known else scout)

    def _give_up(
        self, asks: tuple[Ask, ...], scope: Scope, verdict: Verdict, message: str
    ) -> Settled:
        """No further try of these; perhaps of nothing else either."""
        try:
            self.gate.ready(scope)
        except RunEndedError as ended:
            return _end_all(asks, ended)
        return fail_all(asks, verdict.reason, message)

    async def _compose(self, asks: tuple[Ask, ...]) -> RequestParts:
        if all(len(together) == 1 for together in by_picture(asks)):
            return compose(asks)
        draw = asyncio.get_running_loop().run_in_executor
        return compose(asks, await draw(self.executor, draw_sheets, asks))

    async def _exchange(
        self, asks: tuple[Ask, ...], composed: RequestParts, passed: Pass, start: Start, use: Use
    ) -> Settled:
        tier = passed.scope.tier
        came: RawReply | CallError
        # Prices are those of the moment of sending, and are known by then: once it is paid, what a
        # reply costs must not depend on a row that ends meanwhile.
        on = price_day(self.clock.now())
        try:
            self.billing.check_priced(asks[0].route, on)
        except PriceError as error:
            return fail_all(asks, Reason.REJECTED, f"not sent: {error}")
        try:
            came = await self.client.send(
                asks[0].route.model, use.body(composed), tier, fresh_token=passed.probe
            )
        except CallError as error:
            if use.blamed(error):
                self.limiter.reply(start)
                await self._log(asks, composed, tier, error)
                raise _CacheBlamedError from error
            came, verdict = error, _judge(asks, error)
            self._heed(asks, start, passed, error, verdict)
            if verdict.ruling is not Ruling.ONCE_MORE:
                await self._log(asks, composed, tier, error)
                raise
            worst = self.billing.worst_case(asks, on)
            settled = unanswered(asks, verdict.reason, str(error), worst)
        else:
            self.limiter.reply(start)
            self.gate.success(passed)
            use.answered()
            self.forms.took(asks)
            self.limiter.observations.replied(came.latency_ms)
            asked_at = self.clock.now().isoformat()
            exchange = answered(
                self.billing, asks, composed, came, tier=tier, on=on, asked_at=asked_at
            )
            if self.drawing:
                exchange = await self.drawing.kept(asks, exchange)
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

    def _heed(
        self,
        asks: tuple[Ask, ...],
        start: Start,
        passed: Pass,
        error: CallError,
        verdict: Verdict,
    ) -> None:
        """Let all others know what a failure means for them."""
        why = Refused(verdict.reason, words_of(error, verdict))
        if verdict.ruling is Ruling.REFUSED:
            self.gate.refusal(passed, asks[0].request_id, why, certain=verdict.certain)
        elif verdict.ruling in (Ruling.SPLIT, Ruling.FORM):
            self.limiter.reply(start)
            if self.forms.after(asks, error, verdict):
                passed.refused = True  # not what it asks is refused, but how
            else:
                self.gate.rejection(passed, [ask.request_id for ask in asks], why)
        elif verdict.no_room and passed.scope.tier is ServiceTier.FLEX and self.flex_fallback:
            pass  # it says nothing of the tier that it falls back to
        elif error.status == 429:
            self.limiter.refuse(start, verdict.wait_s, window_s=verdict.window_s, why=str(error))
        else:
            self.limiter.fail(start)
        if words := self.limiter.hopeless():
            self.gate.outage(Refused(verdict.reason, f"{words}; lately: {error}"))


def _judge(asks: Sequence[Ask], error: CallError) -> Verdict:
    return judge(error, by_reference=any(ask.reference for ask in asks))


def _left(asks: Sequence[Ask]) -> Settled:
    message = "its batch job was given up, and --batch_fallback=none asks nothing in its place"
    return fail_all(asks, Reason.UNAVAILABLE, message, run_ended=True)


def _end_all(asks: Sequence[Ask], ended: RunEndedError) -> Settled:
    return fail_all(asks, ended.reason, ended.message, run_ended=True)
