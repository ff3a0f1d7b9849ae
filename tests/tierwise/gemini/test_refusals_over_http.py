"""What Google refuses, over HTTP: what ends a run, what is waited for, what is one picture's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from tests.tierwise.gemini.test_asker import GOOD, Desk
from tierwise.gemini.settle import Ask
from tierwise.records import Answer, Failure, Outcome, Reason
from tierwise.references import Reference


def refusing(status: int, message: str, *details: dict[str, Any], after: int = 0) -> Any:
    """A server that refuses all requests but the first few, in Google's form."""
    calls = 0

    async def reply(request: web.Request) -> web.Response:
        nonlocal calls
        await request.read()
        calls += 1
        error = {"code": status, "message": message, "details": list(details)}
        if calls <= after:
            return web.json_response(GOOD)
        return web.json_response({"error": error}, status=status)

    return reply


def ask_all(serving: Any, handler: Any, asks: list[Ask], pack: int = 1) -> tuple[Desk, Any]:
    async def run() -> tuple[Desk, list[Outcome]]:
        async with serving(handler) as url:
            desk = Desk(url)
            return desk, await desk._ask(asks, pack, {})

    return asyncio.run(run())


def retry_info(seconds: int) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{seconds}s"}


def test_a_limit_of_spending_per_ten_minutes_is_waited_for(
    serving: Any, ask_of: Callable[..., Ask]
) -> None:
    message = "Spend-based rate limit exceeded for this billing account."
    over = refusing(429, message, retry_info(180))
    calls = 0

    async def reply(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        refused: web.Response = await over(request)
        return refused if calls <= 4 else web.json_response(GOOD)

    desk, (answer,) = ask_all(serving, reply, [ask_of()])
    assert isinstance(answer, Answer)
    assert desk.slept.count(180) >= 4


@pytest.mark.parametrize(
    ("message", "details", "words"),
    [
        ("Your prepayment credits are depleted.", [], "credits are depleted"),
        ("Quota exceeded.", [retry_info(40_000)], "Google asks to come back after"),
    ],
)
def test_what_lasts_too_long_ends_soon_and_says_why(
    serving: Any,
    ask_of: Callable[..., Ask],
    message: str,
    details: list[dict[str, Any]],
    words: str,
) -> None:
    asks = [ask_of(number) for number in range(60)]
    desk, outcomes = ask_all(serving, refusing(429, message, *details, after=2), asks)
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    assert len(failures) == 58
    assert all(words in failure.message and failure.run_ended for failure in failures[-20:])
    assert {failure.reason for failure in failures} == {Reason.QUOTA_EXHAUSTED}
    assert sum(failure.attempts for failure in failures) <= 60
    assert max(desk.slept, default=0) < 3600


@pytest.mark.parametrize("status", [403, 404])
def test_one_object_that_cannot_be_read_ends_nothing(
    serving: Any, ask_of: Callable[..., Ask], status: int
) -> None:
    asks = [
        ask_of(number, reference=Reference(f"gs://b/model{number}.jpg", "image/jpeg", 9))
        for number in range(14)
    ]
    asks = [replace(ask, picture=None) for ask in asks]

    async def reply(request: web.Request) -> web.Response:
        if "model7.jpg" in await request.text():
            message = "gs://b/model7.jpg: no such object, or no access"
            return web.json_response({"error": {"message": message}}, status=status)
        return web.json_response(GOOD)

    _, outcomes = ask_all(serving, reply, asks)
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    assert [failure.request_id for failure in failures] == [asks[7].request_id]
    assert failures[0].reason is Reason.REJECTED
    assert not failures[0].run_ended


@pytest.mark.parametrize("status", [401, 403, 404])
def test_one_refusal_of_all_among_healthy_replies_is_asked_again(
    serving: Any, ask_of: Callable[..., Ask], status: int
) -> None:
    calls = 0

    async def reply(request: web.Request) -> web.Response:
        nonlocal calls
        await request.read()
        calls += 1
        return web.json_response(GOOD, status=status if calls == 37 else 200)

    _, outcomes = ask_all(serving, reply, [ask_of(number) for number in range(100)])
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert calls == 101


@pytest.mark.parametrize("pack", [1, 8])
def test_a_question_that_is_refused_throughout_ends_with_googles_words(
    serving: Any, ask_of: Callable[..., Ask], pack: int
) -> None:
    asks = [ask_of(number) for number in range(41)]
    handler = refusing(400, "Invalid JSON payload received. Unknown name mediaResolution.")
    _, outcomes = ask_all(serving, handler, asks, pack)
    assert all(isinstance(outcome, Failure) for outcome in outcomes)
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    assert {failure.reason for failure in failures} == {Reason.REJECTED}
    assert all("Unknown name mediaResolution" in failure.message for failure in failures)
    assert sum(failure.run_ended for failure in failures) >= 30
