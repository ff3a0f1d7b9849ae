"""Which requests of a process name a cache in the place of the words that they share.

A cache is made when as many requests wait as it needs to pay for itself, and renewed in the same
way: so it costs no more than none, whatever comes later. That is two or three requests, and a
process has some dozens under way. Where pictures come more slowly than replies none wait: then ten
times as many within a cache's life say that more will come. And who waits may be sent much later:
after a life that fewer named than it needed, those ten times as many are what counts. Its prompt
must have been answered once before, for the service may refuse the form in which it asks. Whoever
cannot have a cache asks without one: a cache is money, never an answer.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from tierwise.gemini.beginnings import Beginning, beginning_of
from tierwise.gemini.billing import Billing
from tierwise.gemini.call_error import CallError
from tierwise.gemini.compose import RequestParts
from tierwise.gemini.limiter import Clock
from tierwise.gemini.settle import Ask, by_image
from tierwise.gemini.wire import WireJson, cached_parts, naming_cache
from tierwise.journal.cache_records import (
    CacheFiles,
    CacheLife,
    CacheOrder,
    numbered,
)
from tierwise.journal.intents import Check, unchecked
from tierwise.prices.cache_terms import LIFETIME, CacheTerms
from tierwise.prices.price_day import price_day
from tierwise.records import ServiceTier

if TYPE_CHECKING:
    from tierwise.gemini.cache_calls import CacheCalls

# A request is read by the service some time after it is sent, by a clock that is not ours.
_MARGIN = timedelta(seconds=60)
# So many requests within a cache's life are ten times what most need, and six times what any does.
_MANY = 30
# After a refusal, or an order of which nothing came, it is tried again so much later.
_AFTER_REFUSAL, _MOST_REFUSED = timedelta(seconds=60), 3
# How long another process has for making a cache, and how often we look.
_MAKING, _LOOK_S, _LOOKS = timedelta(seconds=90), 0.5, 20
# What says that the cache is to blame: it is gone, or was never ours to name.
MAY_BE_THE_CACHES_FAULT = frozenset({400, 403, 404})

Result = TypeVar("Result")


@dataclass(slots=True)
class _Prefix:
    """What some requests begin with, and the cache that holds it, if any does."""

    begins: Beginning
    parts: Sequence[WireJson]
    keys: Iterator[str]
    cache: str
    waiting: int = 0
    life: CacheLife | None = None
    until: float = 0.0
    not_before: float = 0.0
    refused: int = 0
    never: bool = False
    busy: asyncio.Task[None] | None = None
    wanted_by: int = 0  # how many requests the next life needs
    need: int = 0  # how many the last one did
    named: int = 0  # by how many it was named
    lately: deque[float] = field(default_factory=lambda: deque(maxlen=_MANY))


class Use:
    """One request's use of a cache: here none."""

    async def ready(self, tier: ServiceTier, *, proven: bool) -> None:
        """Return when it may be sent, by then perhaps with a cache."""

    def body(self, composed: RequestParts) -> WireJson:
        """What is sent, from now on not waiting any more."""
        return composed.body

    def blamed(self, error: CallError) -> bool:
        """Whether a refusal may be the cache's fault: then it is sent again without."""
        del error
        return False

    def answered(self) -> None:
        """Note that the service took it."""


NO_USE = Use()


class Caches:
    """Belongs to one event loop.

    Args:
        calls: the service's methods.
        billing: its prices.
        files: where caches are written down, for all processes of the run.
        clock: time.
        executor: writes files.
        reserve: what all caches of the run may cost in nano-dollars, None without a cap.
        may_send: raises where nothing may be sent any more.
    """

    def __init__(
        self,
        calls: CacheCalls,
        billing: Billing,
        files: CacheFiles,
        *,
        clock: Clock,
        executor: Executor,
        reserve: int | None = None,
        may_send: Check = unchecked,
    ) -> None:
        self._calls = calls
        self._billing = billing
        self._files = files
        self._clock = clock
        self._executor = executor
        self._reserve = reserve
        self._may_send = may_send
        self._prefixes: dict[Beginning, _Prefix] = {}

    @contextmanager
    def wanted(self, asks: Sequence[Ask], composed: RequestParts) -> Iterator[Use]:
        """Hold this from before a request waits for its turn until it is over."""
        prefix = self._prefix(asks, composed)
        if prefix is None:
            yield NO_USE
            return
        use = _Named(self, prefix, asks)
        prefix.waiting += 1
        try:
            yield use
        finally:
            prefix.waiting -= not use.sent

    async def prepare(self, prefix: _Prefix, asks: Sequence[Ask], tier: ServiceTier) -> None:
        """Make or renew a cache, where that pays by the requests that wait."""
        if prefix.busy:
            await asyncio.shield(prefix.busy)
        now = self._clock.monotonic()
        if prefix.never or now < prefix.not_before or self._holds(prefix):
            return
        today = price_day(self._clock.now())
        terms = self._billing.cache_terms(prefix.begins.model, tier, today)
        renews = prefix.life is not None and self._is_there(prefix)
        if prefix.life and renews and price_day(prefix.life.created) != today:
            return  # its storage has another price from now on: the next one is made anew
        need = terms.break_even(LIFETIME, made=renews) if terms else None
        if terms is None or need is None:
            prefix.never = True
            return
        enough = prefix.waiting >= need and prefix.named >= prefix.need
        if not (enough or self._comes_often(prefix, now)):
            return
        await self._may_send()
        if prefix.busy:  # by somebody who did not wait as long
            return
        prefix.wanted_by = need
        step = self._renew(prefix, terms) if renews else self._get(prefix, asks, terms)
        prefix.busy = asyncio.create_task(step)
        try:
            await asyncio.shield(prefix.busy)
        finally:
            prefix.busy = None

    def name_of(self, prefix: _Prefix) -> str:
        """The cache that a request names that is sent now, empty for none."""
        if prefix.life and self._is_there(prefix):
            prefix.named += 1
            return prefix.life.name
        prefix.lately.append(self._clock.monotonic())
        return ""

    @staticmethod
    def _comes_often(prefix: _Prefix, now: float) -> bool:
        """Whether so many were sent without a cache lately that as many are to be expected."""
        since = now - LIFETIME.total_seconds()
        return len(prefix.lately) == _MANY and prefix.lately[0] > since

    def lost(self, prefix: _Prefix, name: str) -> None:
        """A cache is there no more: the next one will be another."""
        if prefix.life and prefix.life.name == name:
            self._note(self._files.gone, prefix.cache, "the service does not know it any more")
            prefix.life, prefix.cache = None, next(prefix.keys)
            prefix.need = 0  # whatever its life would have been

    def _prefix(self, asks: Sequence[Ask], composed: RequestParts) -> _Prefix | None:
        """What a request begins with, None where no cache of it can be made."""
        service = self._billing.service
        begins = beginning_of(asks, composed, vertex=service.vertex)
        if begins is None:
            return None
        if begins not in self._prefixes:
            parts = cached_parts(composed.body, begins.parts)
            keys, never = numbered(begins.key(service.place)), not begins.is_long
            self._prefixes[begins] = _Prefix(begins, parts, keys, next(keys), never=never)
        return self._prefixes[begins]

    def _is_there(self, prefix: _Prefix, margin: timedelta = timedelta(seconds=5)) -> bool:
        return prefix.until - self._clock.monotonic() > margin.total_seconds()

    def _holds(self, prefix: _Prefix) -> bool:
        return prefix.life is not None and self._is_there(prefix, _MARGIN)

    async def _get(self, prefix: _Prefix, asks: Sequence[Ask], terms: CacheTerms) -> None:
        """Make the cache, or take that of another process."""
        prefix.life = None
        for _ in range(_LOOKS):
            order = self._order(prefix, asks, terms)
            found = await self._run(self._files.read, order.key)
            if found is None:
                if not await self._claimed(order.worst):
                    prefix.never = True
                    return
                if await self._run(self._files.order, order):
                    await self._make(prefix, order, terms)
                    return
                await self._run(self._files.costs_less, 0, self._reserve, order.worst)
            elif found.life and found.lives_at(self._clock.now() + _MARGIN):
                self._take(prefix, found.life, found.life.expires - self._clock.now())
                return
            elif found.undecided and self._clock.now() - found.order.at < _MAKING:
                await self._clock.sleep(_LOOK_S)
            else:
                prefix.cache = next(prefix.keys)
        prefix.not_before = self._clock.monotonic() + _LOOK_S * _LOOKS

    def _order(self, prefix: _Prefix, asks: Sequence[Ask], terms: CacheTerms) -> CacheOrder:
        tasks, route = by_image(asks)[0], asks[0].route
        return CacheOrder(
            key=prefix.cache,
            display_name=f"tierwise {self._files.run_id} {prefix.cache}",
            model=prefix.begins.model,
            place=self._billing.service.place,
            answerer=self._billing.service.answerer,
            tasks=tuple(dict.fromkeys(ask.task.row_of for ask in tasks)),
            media_resolution=route.media_resolution,
            service_tier=route.service_tier,
            worst=terms.cost(prefix.begins.most_tokens, LIFETIME),
            at=self._clock.now(),
        )

    async def _make(self, prefix: _Prefix, order: CacheOrder, terms: CacheTerms) -> None:
        try:
            seen = await self._calls.create(
                prefix.begins.model, prefix.parts, LIFETIME, order.display_name
            )
        except CallError as error:
            prefix.cache = next(prefix.keys)
            prefix.refused += 1
            prefix.never = error.status == 400 or prefix.refused == _MOST_REFUSED
            prefix.not_before = self._clock.monotonic() + _AFTER_REFUSAL.total_seconds()
            if not error.sent:
                await self._run(self._files.refused, order.key, str(error))
                await self._run(self._files.costs_less, 0, self._reserve, order.worst)
            return
        life = seen.life(terms)
        await self._run(self._files.made, order.key, life)
        self._take(prefix, life, life.expires - life.created)

    async def _renew(self, prefix: _Prefix, terms: CacheTerms) -> None:
        found, unique = await self._run(self._files.read, prefix.cache), uuid.uuid4().hex[:12]
        life = found.life if found else None
        if found is None or life is None:
            return
        if life.expires > self._clock.now() + _MARGIN:  # another process has
            self._take(prefix, life, life.expires - self._clock.now())
            return
        longest = self._clock.now() + LIFETIME + _MARGIN - life.created
        at_most = terms.cost(life.tokens, longest)
        if not await self._claimed(at_most, found.claimed):
            prefix.never = True
            return
        await self._run(self._files.renewing, prefix.cache, unique, at_most)
        try:
            seen = await self._calls.renew(life.name, LIFETIME)
        except CallError as error:
            if not error.sent:
                await self._run(self._files.renewed, prefix.cache, unique, None)
                await self._run(self._files.costs_less, found.claimed, self._reserve, at_most)
            prefix.not_before = self._clock.monotonic() + _AFTER_REFUSAL.total_seconds()
            if error.status in MAY_BE_THE_CACHES_FAULT:
                self.lost(prefix, life.name)
            return
        # Another process may have renewed it beside us: what counts is the last time of all.
        longer = CacheLife(
            life.name,
            life.tokens,
            life.created,
            seen.expires,
            terms.cost(life.tokens, seen.expires - life.created),
        )
        await self._run(self._files.renewed, prefix.cache, unique, longer)
        self._take(prefix, longer, LIFETIME)

    def _take(self, prefix: _Prefix, life: CacheLife, left: timedelta) -> None:
        prefix.life, prefix.refused = life, 0
        prefix.need, prefix.named = prefix.wanted_by, 0
        prefix.until = self._clock.monotonic() + left.total_seconds()

    async def _claimed(self, cost: int, before: int = 0) -> bool:
        """Whether the run's reserve, if it has one, has room for this; then the rest is taken."""
        return await self._run(self._files.may_cost, cost, self._reserve, before)

    def _note(self, write: Callable[..., None], *args: object) -> None:
        task = asyncio.get_running_loop().run_in_executor(self._executor, write, *args)
        task.add_done_callback(_heard)

    async def _run(self, function: Callable[..., Result], *args: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *args)


class _Named(Use):
    """A request that may name a cache."""

    def __init__(self, caches: Caches, prefix: _Prefix, asks: Sequence[Ask]) -> None:
        self._caches = caches
        self._prefix = prefix
        self._asks = asks
        self._name = ""
        self._refused = ""
        self.sent = False

    async def ready(self, tier: ServiceTier, *, proven: bool) -> None:
        if self.sent:  # it was refused, and waits again
            self.sent = False
            self._prefix.waiting += 1
        if proven and not self._refused:
            await self._caches.prepare(self._prefix, self._asks, tier)

    def body(self, composed: RequestParts) -> WireJson:
        if not self.sent:
            self.sent = True
            self._prefix.waiting -= 1
        self._name = "" if self._refused else self._caches.name_of(self._prefix)
        if not self._name:
            return composed.body
        return naming_cache(composed.body, self._name, self._prefix.begins.parts)

    def blamed(self, error: CallError) -> bool:
        if not self._name or error.status not in MAY_BE_THE_CACHES_FAULT:
            return False
        if "cache" in str(error).lower():
            self._caches.lost(self._prefix, self._name)
        else:
            self._refused = self._name  # it may be the request's own fault: without, it shows
        return True

    def answered(self) -> None:
        if self._refused:
            self._caches.lost(self._prefix, self._refused)


class NoCaches:
    """For those who make none."""

    @contextmanager
    def wanted(self, asks: Sequence[Ask], composed: RequestParts) -> Iterator[Use]:
        """None is used."""
        del asks, composed
        yield NO_USE


def _heard(done: asyncio.Future[None]) -> None:
    """A note that could not be written costs a look at a cache that is gone, and nothing else."""
    if not done.cancelled():
        done.exception()
