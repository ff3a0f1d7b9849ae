"""Whatever goes wrong: one outcome for each image, and an account that agrees with the bill."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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
from tierwise.gemini.retry import MAX_TRIES
from tierwise.gemini.service import Service
from tierwise.gemini.settle import Ask, Settled
from tierwise.prices.price_day import price_day
from tierwise.records import Answer, Failure, Outcome, Reason, ServiceTier, Spent

TIMEOUT_S = 0.25
FAULTS = [
    "bad_image",
    "blocked_answer",
    "blocked_prompt",
    "daily_quota",
    "deadline",
    "drop",
    "forbidden",
    "hang",
    "internal",
    "latency",
    "max_tokens",
    "model_gone",
    "other_version",
    "outside_labels",
    "rate_limited",
    "spend_limit",
    "truncated_json",
    "unauthorized",
    "unavailable",
    "wrong_items",
]
# Only a pack can bring wrong items: alone, each image has its answer.
HARMLESS = {"latency", "other_version", "wrong_items"}
# What says that nothing more is answered today: those who were not asked have no answer either.
ENDING = {"daily_quota", "forbidden", "model_gone", "spend_limit", "unauthorized"}


@dataclass
class Desk:
    """Asks as the job does, under a clock on which waiting takes no time."""

    url: str
    now: float = 0.0
    slept: list[float] = field(default_factory=list)
    journal: list[tuple[Sequence[Ask], Settled]] = field(default_factory=list)
    requests_in_flight: int = 16
    real_time: bool = False
    flex_fallback: ServiceTier | None = None

    def ask(self, asks: Sequence[Ask], pack: int = 1, **service: Any) -> list[Outcome]:
        return asyncio.run(self._ask(asks, pack, service))

    async def _ask(self, asks: Sequence[Ask], pack: int, service: dict[str, Any]) -> list[Outcome]:
        found = Service(ServiceKind.EMULATOR, self.url, **{"timeout_s": 10.0, **service})
        clock = Clock() if self.real_time else Clock(lambda: self.now, self._sleep, lambda: 0.5)
        limiter = Limiter(
            requests_in_flight=self.requests_in_flight, requests_per_minute=None, clock=clock
        )
        client = GeminiClient(found)
        asker = Asker(
            client,
            limiter,
            Gate(limiter, Rule()),
            Billing(found),
            self._record,
            clock,
            self.flex_fallback,
        )
        packs = [asks[start : start + pack] for start in range(0, len(asks), pack)]
        outcomes = await asyncio.gather(*map(asker.ask, packs))
        await client.close()
        return [outcome for some in outcomes for outcome in some]

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    async def _record(self, asks: Sequence[Ask], settled: Settled) -> None:
        self.journal.append((asks, settled))


def total(outcomes: Sequence[Outcome]) -> Spent:
    return sum((outcome.spent + outcome.wasted for outcome in outcomes), Spent())


def check_account(gemini: Any, asks: Sequence[Ask], outcomes: Sequence[Outcome]) -> None:
    assert sorted(o.request_id for o in outcomes) == sorted(ask.request_id for ask in asks)
    spent, billed = total(outcomes), gemini.billed()
    assert 0 <= billed - spent.cost <= spent.maybe_billed
    unknown = any(line["fault"] in ("hang", "drop") for line in gemini.requests())
    assert unknown == (spent.maybe_billed > 0)


@pytest.mark.parametrize("rate", [0.2, 1.0])
@pytest.mark.parametrize("kind", FAULTS)
def test_under_each_fault_nothing_is_lost(
    gemini: Any, ask_of: Callable[..., Ask], kind: str, rate: float
) -> None:
    asks = [ask_of(number) for number in range(10)]
    fault = {"kind": kind, "rate": rate} | ({"ms": 1} if kind == "latency" else {})
    for seed, pack in ((1, 1), (2, 3), (3, 8)):
        gemini.reset()
        gemini.faults(fault, seed=seed)
        desk = Desk(gemini.url)
        outcomes = desk.ask(asks, pack, timeout_s=TIMEOUT_S if kind == "hang" else 10.0)
        check_account(gemini, asks, outcomes)
        answered = sum(isinstance(outcome, Answer) for outcome in outcomes)
        if kind in HARMLESS:
            assert answered == 10
        elif rate == 1.0:
            assert answered < 10
        else:  # whoever has no answer met the fault, in a request that he may have shared
            hit = sum(line["fault"] == kind for line in gemini.requests())
            most = 10 if hit and kind in ENDING else hit * pack
            assert 10 - answered <= most


@pytest.mark.parametrize("seed", range(4))
def test_under_all_faults_at_once_nothing_is_lost(
    gemini: Any, ask_of: Callable[..., Ask], seed: int
) -> None:
    endless = {"daily_quota", "spend_limit", "unauthorized", "forbidden", "model_gone", "hang"}
    kinds = [kind for kind in FAULTS if kind not in endless]
    gemini.faults(*({"kind": kind, "rate": 0.06} for kind in kinds), seed=seed)
    asks = [ask_of(number) for number in range(30)]
    outcomes = Desk(gemini.url).ask(asks, pack=(1, 3, 8)[seed % 3])
    check_account(gemini, asks, outcomes)
    assert sum(isinstance(outcome, Answer) for outcome in outcomes) > 10


@pytest.mark.parametrize(
    ("kind", "reason", "requests"),
    [
        ("unavailable", Reason.UNAVAILABLE, MAX_TRIES),
        ("deadline", Reason.TIMEOUT, MAX_TRIES),
        ("rate_limited", Reason.QUOTA_EXHAUSTED, MAX_TRIES),
        ("drop", Reason.UNAVAILABLE, 2),
        ("hang", Reason.TIMEOUT, 2),
        ("bad_image", Reason.REJECTED, 1),
        ("blocked_prompt", Reason.BLOCKED_PROMPT, 1),
        ("blocked_answer", Reason.BLOCKED_ANSWER, 1),
        ("max_tokens", Reason.TRUNCATED, 2),
        ("outside_labels", Reason.INVALID_ANSWER, 2),
        # Once with a fresh token, and again after a pause.
        ("daily_quota", Reason.QUOTA_EXHAUSTED, 3),
        ("model_gone", Reason.REJECTED, 7),
    ],
)
def test_how_often_one_image_is_asked(
    gemini: Any, ask_of: Callable[..., Ask], kind: str, reason: Reason, requests: int
) -> None:
    gemini.faults({"kind": kind})
    (failure,) = Desk(gemini.url).ask([ask_of()], timeout_s=TIMEOUT_S if kind == "hang" else 10)
    assert isinstance(failure, Failure)
    assert failure.reason is reason
    assert failure.attempts == requests == len(gemini.requests())


@pytest.mark.parametrize("kind", ["blocked_prompt", "blocked_answer", "bad_image"])
def test_one_bad_image_costs_its_neighbours_no_answer(
    gemini: Any, ask_of: Callable[..., Ask], kind: str
) -> None:
    asks = [ask_of(number) for number in range(8)]
    line = Desk(gemini.url)
    line.ask(asks[5:6])
    (picture,) = gemini.requests()[0]["images"]
    gemini.reset()
    gemini.faults({"kind": kind, "sha256": [picture]})
    outcomes = {outcome.request_id: outcome for outcome in line.ask(asks, pack=8)}
    failed = [n for n, ask in enumerate(asks) if isinstance(outcomes[ask.request_id], Failure)]
    assert failed == [5]
    check_account(gemini, asks, list(outcomes.values()))
    # 8, 4 and 4, 2 and 2, 1 and 1; a first question that is rejected is first asked of one alone.
    assert len(gemini.requests()) == (9 if kind == "bad_image" else 7)


def test_what_google_asks_to_wait_is_waited(gemini: Any, ask_of: Callable[..., Ask]) -> None:
    gemini.faults({"kind": "rate_limited", "count": 1, "retry_after_s": 37})
    desk = Desk(gemini.url)
    assert all(isinstance(one, Answer) for one in desk.ask([ask_of(0)]))
    assert desk.slept == [37]


def test_what_one_request_is_told_to_wait_holds_for_all(
    gemini: Any, ask_of: Callable[..., Ask]
) -> None:
    gemini.faults({"kind": "rate_limited", "count": 1, "retry_after_s": 0.3})
    desk = Desk(gemini.url, requests_in_flight=1, real_time=True)
    assert len(desk.ask([ask_of(number) for number in range(4)])) == 4
    first, *others = (datetime.fromisoformat(line["at"]) for line in gemini.requests())
    assert len(others) == 4
    assert min(others) - first >= timedelta(seconds=0.29)


def test_backoff_doubles(gemini: Any, ask_of: Callable[..., Ask]) -> None:
    gemini.faults({"kind": "internal"})
    desk = Desk(gemini.url)
    desk.ask([ask_of()])
    assert desk.slept == [0.5, 1.0, 2.0, 4.0]


def test_the_end_of_a_run_starts_nothing_more(gemini: Any, ask_of: Callable[..., Ask]) -> None:
    gemini.faults({"kind": "daily_quota", "after": 3})
    asks = [ask_of(number) for number in range(20)]
    outcomes = Desk(gemini.url, requests_in_flight=2).ask(asks)
    answers = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    assert len(answers) == 3
    assert len(gemini.requests()) <= 3 + 2 + 2
    reasons = {outcome.reason for outcome in outcomes if isinstance(outcome, Failure)}
    assert reasons == {Reason.QUOTA_EXHAUSTED}
    check_account(gemini, asks, outcomes)


def test_what_was_paid_is_recorded_before_it_is_told(
    gemini: Any, ask_of: Callable[..., Ask]
) -> None:
    gemini.faults({"kind": "outside_labels", "count": 1}, {"kind": "drop", "count": 1})
    desk = Desk(gemini.url)
    asks = [ask_of(number) for number in range(3)]
    outcomes = desk.ask(asks, pack=3)
    told = [outcome for _, settled in desk.journal for outcome in settled.outcomes]
    wasted = [spent for _, settled in desk.journal for _, spent in settled.wasted]
    assert sorted(o.request_id for o in told) == sorted(o.request_id for o in outcomes)
    assert sum(wasted, Spent()) == sum((o.wasted for o in outcomes), Spent()) != Spent()


@pytest.mark.parametrize("tier", [ServiceTier.FLEX, ServiceTier.PRIORITY])
def test_a_tier_is_paid_as_it_was_served(
    gemini: Any, ask_of: Callable[..., Ask], tier: ServiceTier
) -> None:
    ask = ask_of(tier=tier)
    (answer,) = Desk(gemini.url).ask([ask])
    assert answer.service_tier is tier
    check_account(gemini, [ask], [answer])


def test_a_model_that_always_thinks_has_room_to_answer(
    gemini: Any, ask_of: Callable[..., Ask]
) -> None:
    asks = [ask_of(number, model="gemini-3.8-flash") for number in range(4)]
    outcomes = Desk(gemini.url).ask(asks, pack=4)
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert total(outcomes).usage.thought_tokens > 0
    assert len(gemini.requests()) == 1
    check_account(gemini, asks, outcomes)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("unavailable", Reason.UNAVAILABLE),
        ("deadline", Reason.TIMEOUT),
        ("drop", Reason.UNAVAILABLE),
        ("rate_limited", Reason.QUOTA_EXHAUSTED),
    ],
)
def test_an_outage_that_lasts_ends_the_run(
    gemini: Any, ask_of: Callable[..., Ask], kind: str, reason: Reason
) -> None:
    gemini.faults({"kind": kind, "after": 5})
    asks = [ask_of(number) for number in range(200)]
    desk = Desk(gemini.url, requests_in_flight=4)
    outcomes = desk.ask(asks)
    assert sum(isinstance(outcome, Answer) for outcome in outcomes) == 5
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    assert {failure.reason for failure in failures} == {reason}
    ended = [failure for failure in failures if failure.run_ended]
    assert len(ended) >= 100
    assert "Nothing was answered for 3" in ended[0].message
    # Each image is tried a few times at most, and 200 of them do not wait one after another.
    assert desk.now <= 400
    assert len(gemini.requests()) <= 5 + 95 * MAX_TRIES
    check_account(gemini, asks, outcomes)


def test_an_address_where_nobody_is_is_given_up_soon(ask_of: Callable[..., Ask]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        desk = Desk(f"http://127.0.0.1:{unused.getsockname()[1]}", requests_in_flight=4)
        outcomes = desk.ask([ask_of(number) for number in range(100)])
    reasons = {outcome.reason for outcome in outcomes if isinstance(outcome, Failure)}
    assert reasons == {Reason.UNAVAILABLE}
    assert len(outcomes) == 100
    assert 60 <= desk.now <= 120


def test_flex_waits_for_flex_unless_another_tier_is_allowed(
    gemini: Any, ask_of: Callable[..., Ask]
) -> None:
    for fallback in (None, ServiceTier.STANDARD):
        for kind in ("unavailable", "rate_limited"):
            gemini.reset()
            gemini.faults({"kind": kind, "count": 3})
            ask = ask_of(tier=ServiceTier.FLEX)
            (answer,) = Desk(gemini.url, flex_fallback=fallback).ask([ask])
            tiers = [line["service_tier"] for line in gemini.requests()]
            # A quota of ours that is used up says nothing of how much room flex has.
            last = fallback if fallback and kind == "unavailable" else ServiceTier.FLEX
            assert tiers == ["flex", "flex", *[str(last)] * 2]
            assert answer.service_tier is last
            check_account(gemini, [ask], [answer])


def test_what_flex_has_no_room_for_slows_the_other_tier_down_for_nobody(
    gemini: Any, ask_of: Callable[..., Ask]
) -> None:
    gemini.faults({"kind": "unavailable", "rate": 0.9}, seed=1)
    asks = [ask_of(number, tier=ServiceTier.FLEX) for number in range(40)]
    desk = Desk(gemini.url, flex_fallback=ServiceTier.STANDARD)
    check_account(gemini, asks, desk.ask(asks))


def test_a_refusal_that_was_paid_is_told_at_the_tier_that_was_served(
    gemini: Any, ask_of: Callable[..., Ask]
) -> None:
    gemini.faults({"kind": "unavailable", "count": 2}, {"kind": "blocked_answer"})
    ask = ask_of(tier=ServiceTier.FLEX)
    (failure,) = Desk(gemini.url, flex_fallback=ServiceTier.STANDARD).ask([ask])
    assert isinstance(failure, Failure)
    assert failure.service_tier is ServiceTier.STANDARD
    check_account(gemini, [ask], [failure])


def test_pictures_of_one_request_may_differ_in_media_resolution(
    gemini: Any, ask_of: Callable[..., Ask]
) -> None:
    levels = ["low", "high", "ultra_high"]
    asks = [ask_of(number, media_resolution=level) for number, level in enumerate(levels)]
    outcomes = Desk(gemini.url).ask(asks, pack=3)
    (request,) = gemini.requests()
    assert request["media_resolution"] == levels
    by_id = {outcome.request_id: outcome for outcome in outcomes}
    assert [str(by_id[ask.request_id].media_resolution) for ask in asks] == levels
    check_account(gemini, asks, outcomes)


GOOD: dict[str, Any] = {
    "candidates": [{"content": {"parts": [{"text": "dark"}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 300, "candidatesTokenCount": 1},
    "modelVersion": "gemini-3.1-flash-lite",
}


async def ask_at(url: str, asks: Sequence[Ask], pack: int = 1) -> list[Outcome]:
    return await Desk(url)._ask(asks, pack, {})


@pytest.mark.parametrize(
    ("changed", "answered", "told"),
    [
        ({"usageMetadata": None}, True, False),
        ({"usageMetadata": {"promptTokenCount": "no number"}}, True, False),
        ({"usageMetadata": {"promptTokenCount": 300, "serviceTier": "batch"}}, True, True),
        ({"modelVersion": 7}, True, True),
        ({"candidates": [None]}, False, True),
        ({"candidates": "none"}, False, True),
        ({"candidates": [{"content": {"parts": [{"text": "\ud800"}]}}]}, False, False),
    ],
)
def test_what_was_paid_is_accounted_whatever_the_reply_says(
    serving: Any, ask_of: Callable[..., Ask], changed: dict[str, Any], answered: bool, told: bool
) -> None:
    calls: list[bytes] = []

    async def reply(request: web.Request) -> web.Response:
        calls.append(await request.read())
        return web.json_response({**GOOD, **changed})

    async def run() -> list[Outcome]:
        async with serving(reply) as url:
            return await ask_at(url, [ask_of()])

    (outcome,) = asyncio.run(run())
    assert isinstance(outcome, Answer) == answered
    spent = outcome.spent + outcome.wasted
    assert (spent.cost > 0, spent.maybe_billed > 0) == (told, not told)
    assert len(calls) == spent.requests == (1 if answered else 2)


def test_a_picture_that_the_service_dies_of_costs_its_neighbours_no_answer(
    serving: Any, ask_of: Callable[..., Ask]
) -> None:
    asks = [ask_of(number) for number in range(8)]
    deadly = base64.b64encode(asks[5].picture.data if asks[5].picture else b"")

    async def reply(request: web.Request) -> web.Response:
        body = await request.read()
        if deadly in body:
            assert request.transport
            request.transport.abort()
        images = body.count(b"inlineData")
        items = [{"image": n, "answer": "dark"} for n in range(1, images + 1)]
        text = json.dumps(items) if images > 1 else "dark"
        content = {"parts": [{"text": text}]}
        return web.json_response({**GOOD, "candidates": [{"content": content}]})

    async def run() -> list[Outcome]:
        async with serving(reply) as url:
            return await ask_at(url, asks, pack=8)

    failures = [one for one in asyncio.run(run()) if isinstance(one, Failure)]
    assert [one.request_id for one in failures] == [asks[5].request_id]
    assert failures[0].reason is Reason.UNAVAILABLE
    # Twice as a pack, once as half and quarter, twice alone.
    assert failures[0].attempts == 6


def test_a_storm_is_backed_off_from_and_forgotten(serving: Any, ask_of: Callable[..., Ask]) -> None:
    """One 429 early, then half of everything a 503, then good weather."""
    at_once: list[int] = []
    under_way = 0

    async def reply(request: web.Request) -> web.Response:
        nonlocal under_way
        await request.read()
        number, under_way = len(at_once), under_way + 1
        at_once.append(under_way)
        await asyncio.sleep(0.05)
        under_way -= 1
        if number == 3:
            return web.json_response({}, status=429, headers={"Retry-After": "0.1"})
        storm = 3 < number < 200 and number % 2
        return web.json_response(GOOD, status=503 if storm else 200)

    async def run() -> list[Outcome]:
        async with serving(reply) as url:
            service = Service(ServiceKind.EMULATOR, url)
            clock = Clock(chance=lambda: 0.02)
            limiter = Limiter(requests_in_flight=16, requests_per_minute=None, clock=clock)
            client = GeminiClient(service)
            asker = Asker(
                client, limiter, Gate(limiter, Rule()), Billing(service), Desk(url)._record, clock
            )
            try:
                asks = [ask_of(number) for number in range(700)]
                found = await asyncio.gather(*(asker.ask([ask]) for ask in asks))
            finally:
                await client.close()
            return [outcome for some in found for outcome in some]

    outcomes = asyncio.run(run())
    assert sum(isinstance(outcome, Answer) for outcome in outcomes) == 700
    assert max(at_once[120:200]) <= 8
    assert max(at_once[-50:]) >= 14


def test_no_minute_costs_more_than_the_limit_of_spending(
    gemini: Any, ask_of: Callable[..., Ask]
) -> None:
    desk = Desk(gemini.url)
    service = Service(ServiceKind.EMULATOR, gemini.url)
    billing = Billing(service)
    worst = billing.worst_case([ask_of()], price_day(datetime.now(UTC)))
    bills: list[tuple[float, int]] = []

    async def run() -> None:
        clock = Clock(lambda: desk.now, desk._sleep, lambda: 0.5)
        limiter = Limiter(requests_in_flight=4, requests_per_minute=None, clock=clock)
        client = GeminiClient(service)
        gate = Gate(limiter, Rule(), usd_per_minute=2.0 * worst)
        asker = Asker(client, limiter, gate, billing, desk._record, clock)
        for number in range(40):
            (answer,) = await asker.ask([ask_of(number)])
            bills.append((desk.now, answer.spent.cost))
        await client.close()

    asyncio.run(run())
    for at, _ in bills:
        assert sum(cost for when, cost in bills if at - 60 < when <= at) <= 2 * worst
    minutes = bills[-1][0] / 60
    assert minutes > 1
    assert sum(cost for _, cost in bills) >= worst * minutes


@pytest.mark.parametrize("kind", ["wrong_items", "bad_image", "truncated_json", "internal", None])
def test_whoever_shared_a_request_says_so_whatever_became_of_it(
    gemini: Any, ask_of: Callable[..., Ask], kind: str | None
) -> None:
    if kind:
        gemini.faults({"kind": kind, "count": 2})
    asks = [ask_of(number) for number in range(9)]
    outcomes = {one.request_id: one for one in Desk(gemini.url).ask(asks, pack=4)}
    first, second, alone = (
        {outcomes[ask.request_id].pack for ask in part} for part in (asks[:4], asks[4:8], asks[8:])
    )
    assert (len(first), len(second), alone) == (1, 1, {""})
    assert first != second
    assert "" not in first | second
