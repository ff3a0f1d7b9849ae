"""Lets requests of a process pass while what they ask is not refused, and the money lasts.

Belongs to one event loop. A request passes two gates at once: that of its model at its service
tier, and that of its task. `tierwise.gemini.standing` says when each is open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tierwise.errors import RefusedAloneError, RunEndedError
from tierwise.gemini.hearing import Hearing, Phase, Refused, Rule
from tierwise.gemini.limiter import Limiter
from tierwise.gemini.proof import Proof
from tierwise.gemini.spending import Spending
from tierwise.gemini.standing import Standing
from tierwise.records import ServiceTier

# The name of what concerns every request: an outage.
SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a request asks for."""

    task: str
    model: str
    tier: ServiceTier

    @property
    def account(self) -> str:
        """The name of its model at its service tier."""
        return f"account {self.model} {self.tier}"

    @property
    def question(self) -> str:
        """The name of its task, asked so."""
        return f"question {self.task} {self.model} {self.tier}"


@dataclass(slots=True)
class Pass:
    """A request that may go; with `probe`, it tries whether a doubt is right."""

    scope: Scope
    probe: bool
    held: int
    refused: bool = False


class Gate:
    """All standings of a process, and what it spends; `usd_per_minute` is in nano-dollars."""

    def __init__(self, limiter: Limiter, rule: Rule, usd_per_minute: float | None = None) -> None:
        self._limiter = limiter
        self._spending = Spending(usd_per_minute)
        self._rule = rule
        self._standings: dict[str, Standing] = {}
        self._proofs: dict[str, Proof] = {}
        self._outage = Hearing(rule)
        self._waiting: set[asyncio.Future[None]] = set()
        self._answered_at: dict[str, float] = {}

    async def wait(self, scope: Scope, worst: int) -> None:
        """Return when a request that costs at most so much may pass, as far as is known now.

        Raises:
            RunEndedError: what it asks for is refused.
            RefusedAloneError: it is refused to this process alone.
        """
        while (wait_s := self._wait_s(scope, worst)) > 0:
            await self._news(wait_s)

    def ready(self, scope: Scope, worst: int = 0) -> bool:
        """Whether a request may pass now."""
        return self._wait_s(scope, worst) <= 0

    def enter(self, scope: Scope, worst: int = 0) -> Pass:
        """Let a request pass; `leave` must follow."""
        self._proof(scope).start()
        return Pass(scope, self._standing(scope).start(), self._spending.start(worst))

    @contextmanager
    def passing(self, scope: Scope, worst: int) -> Iterator[Pass]:
        """Hold this while a request is under way."""
        passed = self.enter(scope, worst)
        try:
            yield passed
        finally:
            self.leave(passed)

    def paid(self, passed: Pass, cost: int) -> None:
        """What a request cost, at the worst."""
        self._spending.settle(passed.held, cost, self.now())

    def limit_spending(self, usd_per_minute: float) -> None:
        """Spend so much per minute from now on."""
        self._spending.limit = usd_per_minute
        self._tell()

    def leave(self, passed: Pass) -> None:
        """A request is over, whatever came of it; one that was not paid cost nothing."""
        self._spending.settle(passed.held, 0, self.now())
        self._proof(passed.scope).leave(refused=passed.refused)
        self._standing(passed.scope).leave(probe=passed.probe)
        self._tell()

    def success(self, passed: Pass) -> None:
        """A 200 came."""
        now, scope = self.now(), passed.scope
        self._answered_at |= dict.fromkeys((scope.account, scope.question, SERVICE), now)
        self._standing(scope).success()
        self._proof(scope).success()
        self._outage.close()

    def refusal(self, passed: Pass, content: str, why: Refused, *, certain: bool) -> None:
        """A request was refused as all others would be."""
        passed.refused = True
        standing = self._standing(passed.scope)
        standing.refusal(content, why, self.now(), probe=passed.probe, certain=certain)

    def rejection(self, passed: Pass, contents: Collection[str], why: Refused) -> None:
        """A request was refused for what it asks."""
        passed.refused = True
        self._proof(passed.scope).rejection(contents, why, self.now())

    def outage(self, why: Refused) -> None:
        """Nothing but failures came for longer than patience."""
        now = self.now()
        self._outage.open(why, now)
        self._outage.settle(now)
        self._tell()

    def proven(self, scope: Scope) -> bool:
        """Whether its task was ever answered."""
        return self._proof(scope).proven

    def hearings(self) -> Iterator[tuple[str, Hearing]]:
        """All doubts that there may be, by name."""
        yield SERVICE, self._outage
        yield from [(name, held.hearing) for name, held in list(self._standings.items())]
        yield from [(name, held.hearing) for name, held in list(self._proofs.items())]

    def knows_better(self, name: str, since: float) -> bool:
        """Whether this process was answered since, by its own clock, what another doubts.

        A question that was ever answered can be.
        """
        at = self._answered_at.get(name)
        return at is not None and (at > since or name.startswith("question"))

    def hear(
        self,
        name: str,
        *,
        contradicted: bool = False,
        shared: bool = False,
        ended: Refused | None = None,
    ) -> None:
        """What others say: that they are answered, or refused too, or that it ended for all."""
        hearing = self._hearing(name)
        if ended:
            hearing.end(ended)
        elif shared:
            hearing.shared = True
        elif contradicted:
            hearing.contradicted = True
        elif hearing.phase is Phase.ENDED:  # it was withdrawn
            hearing.close()
        self._tell()

    def _hearing(self, name: str) -> Hearing:
        if name == SERVICE:
            return self._outage
        if name.startswith("question"):
            return self._proofs.setdefault(name, Proof(self._rule)).hearing
        return self._standings.setdefault(name, Standing(self._rule)).hearing

    def _wait_s(self, scope: Scope, worst: int) -> float:
        if self._limiter.ended:
            raise self._limiter.ended
        standing, proof = self._standing(scope), self._proof(scope)
        now = self.now()
        wait_s = max(standing.wait_s(now), proof.wait_s(now))
        for hearing in (standing.hearing, proof.hearing, self._outage):
            if hearing.why and hearing.phase is Phase.ENDED:
                raise RunEndedError(hearing.why.reason, hearing.why.message)
            if hearing.why and hearing.phase is Phase.ALONE:
                raise RefusedAloneError(hearing.why.message)
        return max(wait_s, self._spending.wait_s(worst, now))

    async def _news(self, seconds: float) -> None:
        news = asyncio.get_running_loop().create_future()
        self._waiting.add(news)
        try:
            await self._limiter.sleep(seconds, until=news)
        finally:
            self._waiting.discard(news)
            news.cancel()

    def _tell(self) -> None:
        for news in self._waiting:
            if not news.done():
                news.set_result(None)

    def now(self) -> float:
        """Seconds of the clock by which all this goes."""
        return self._limiter.now()

    def _standing(self, scope: Scope) -> Standing:
        return self._standings.setdefault(scope.account, Standing(self._rule))

    def _proof(self, scope: Scope) -> Proof:
        return self._proofs.setdefault(scope.question, Proof(self._rule))
