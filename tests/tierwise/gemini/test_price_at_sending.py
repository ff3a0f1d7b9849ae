"""A price is known before a request is sent, and holds for its reply whatever day it comes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from tierwise.answerer import ServiceKind
from tierwise.gemini.asker import Asker
from tierwise.gemini.billing import Billing
from tierwise.gemini.client import GeminiClient
from tierwise.gemini.gate import Gate
from tierwise.gemini.hearing import Rule
from tierwise.gemini.limiter import Clock, Limiter
from tierwise.gemini.service import Service
from tierwise.gemini.settle import Ask, Settled
from tierwise.prices.price_rows import load_prices
from tierwise.records import Answer, Failure, Outcome, Reason

# Midnight in California, when prices of December begin.
BEFORE = datetime(2026, 12, 1, 7, 59, 59, tzinfo=UTC)
AFTER = datetime(2026, 12, 1, 8, 0, 1, tzinfo=UTC)
CONTRACT = """
[[prices]]
model = "gemini-3.1-flash-lite"
from = 2026-01-01
until = 2026-12-01
source = "our contract"
checked = 2026-11-29
standard = { input_usd_per_mtok = "1", output_usd_per_mtok = "2" }
"""
Build = Callable[..., Ask]


@dataclass
class Desk:
    """One request at a time to a server that answers at midnight."""

    serving: Any
    moments: Iterator[datetime]
    requests: list[Any] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)

    def ask(self, asks: Sequence[Ask], model_version: str = "", **service: Any) -> list[Outcome]:
        return asyncio.run(self._ask(asks, model_version, service))

    async def _ask(
        self, asks: Sequence[Ask], model_version: str, service: dict[str, Any]
    ) -> list[Outcome]:
        async def answer(request: web.Request) -> web.Response:
            self.requests.append(await request.json())
            reply = {
                "candidates": [{"content": {"parts": [{"text": "dark"}]}, "finishReason": "STOP"}],
                "usageMetadata": {"promptTokenCount": 1000, "candidatesTokenCount": 10},
                "modelVersion": model_version or asks[0].route.model,
            }
            return web.json_response(reply)

        async with self.serving(answer) as url:
            found = Service(ServiceKind.EMULATOR, url, timeout_s=10.0, **service)
            clock = Clock(now=lambda: next(self.moments))
            limiter = Limiter(requests_in_flight=1, requests_per_minute=None, clock=clock)
            client = GeminiClient(found)
            asker = Asker(
                client, limiter, Gate(limiter, Rule()), Billing(found), self._record, clock
            )
            outcomes = await asker.ask(asks)
            await client.close()
        return outcomes

    async def _record(self, _: Sequence[Ask], settled: Settled) -> None:
        self.settled.append(settled)


@pytest.fixture
def desk(serving: Any) -> Callable[..., Desk]:
    def at(*moments: datetime) -> Desk:
        return Desk(serving, iter([*moments, *[moments[-1]] * 10]))

    return at


def test_a_row_that_ends_while_a_reply_is_under_way_costs_no_answer(
    desk: Callable[..., Desk], ask_of: Build
) -> None:
    prices = load_prices(CONTRACT, "my.toml")
    (answer,) = desk(BEFORE, AFTER).ask([ask_of()], prices=prices)
    assert isinstance(answer, Answer)
    assert answer.spent.cost == 1000 * 1_000 + 10 * 2_000


def test_what_has_no_price_is_not_sent(desk: Callable[..., Desk], ask_of: Build) -> None:
    after = desk(AFTER)
    (failure,) = after.ask([ask_of()], prices=load_prices(CONTRACT, "my.toml"))
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.REJECTED
    assert "on 2026-12-01" in failure.message
    assert "--prices" in failure.message
    assert after.requests == []


@pytest.mark.parametrize("version", ["gemini-2.5-flash", "gemini-3.5-flash-lite"])
def test_a_model_that_has_ended_costs_what_the_one_in_its_place_does(
    desk: Callable[..., Desk], ask_of: Build, version: str
) -> None:
    """Google answers with it, and nobody says how soon replies name it."""
    ask = ask_of(model="gemini-2.5-flash")
    (answer,) = desk(AFTER).ask([ask], model_version=version)
    assert isinstance(answer, Answer)
    assert answer.spent.cost == 1000 * 300 + 10 * 2_500


def test_the_day_is_googles(desk: Callable[..., Desk], ask_of: Build) -> None:
    costs = []
    for moment in (BEFORE, AFTER):
        (answer,) = desk(moment).ask([ask_of(model="gemini-4-argon")])
        assert isinstance(answer, Answer)
        costs.append(answer.spent.cost)
    assert costs[1] == 2 * costs[0] == 2 * (1000 * 2_000 + 10 * 10_000)
