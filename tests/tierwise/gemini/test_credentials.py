"""Tokens: renewed before they end, by one for all, and again when that fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.auth.exceptions import RefreshError, TransportError

from tierwise.gemini.call_error import CallError
from tierwise.gemini.credentials import Tokens
from tierwise.gemini.retry import Ruling, judge
from tierwise.records import Reason


class Account:
    """What google-auth offers, with renewals that take a moment and may fail."""

    def __init__(self, left_s: float | None, *failures: Exception) -> None:
        self.token: str | None = None if left_s is None else "first"
        self.expiry: datetime | None = in_seconds(left_s or 0)
        self.failures = list(failures)
        self.renewals = 0

    @property
    def expired(self) -> bool:
        # As google-auth: 3 minutes and 45 seconds early.
        return self.expiry is not None and self.expiry <= in_seconds(225)

    def refresh(self, request: Any) -> None:
        time.sleep(0.05)
        self.renewals += 1
        if self.failures:
            raise self.failures.pop(0)
        self.token, self.expiry = f"token {self.renewals}", in_seconds(3600)


def in_seconds(seconds: float) -> datetime:
    return datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=seconds)


def run(body: Callable[[], Awaitable[Any]]) -> None:
    async def whole() -> None:
        await body()

    asyncio.run(whole())


def test_one_renewal_serves_all_who_wait() -> None:
    account = Account(None)

    async def ask() -> None:
        tokens = Tokens(account)
        await asyncio.gather(*(tokens.ready() for _ in range(50)))
        assert account.renewals == 1

    run(ask)
    assert account.token == "token 1"


def test_a_token_is_renewed_ahead_while_the_old_one_serves() -> None:
    account = Account(300)

    async def ask() -> None:
        tokens = Tokens(account)
        began = time.perf_counter()
        for _ in range(50):
            await tokens.ready()
        assert time.perf_counter() - began < 0.05
        await asyncio.sleep(0.2)
        assert account.renewals == 1

    run(ask)
    assert account.token == "token 1"


def test_a_metadata_server_that_fails_ahead_delays_nobody() -> None:
    account = Account(300, TransportError("503"), RefreshError("503", retryable=True))
    now = 1000.0

    async def ask() -> None:
        nonlocal now
        tokens = Tokens(account, lambda: now)
        for _ in range(4):
            await tokens.ready()
            await asyncio.sleep(0.1)
            now += 21
        assert account.renewals == 3

    run(ask)
    assert account.token == "token 3"


@pytest.mark.parametrize(
    "failure",
    [
        RefreshError("Failed to retrieve http://metadata.google.internal/", retryable=True),
        RefreshError("('Unexpected HTML', None)"),
        TransportError("Connection reset by peer"),
    ],
)
def test_a_failure_to_renew_is_tried_again_like_a_503(failure: Exception) -> None:
    account = Account(None, failure)

    async def ask() -> None:
        tokens = Tokens(account)
        with pytest.raises(CallError) as caught:
            await tokens.ready()
        verdict = judge(caught.value)
        assert (verdict.ruling, verdict.reason) == (Ruling.AGAIN, Reason.UNAVAILABLE)
        await tokens.ready()

    run(ask)
    assert account.token == "token 2"


def test_a_grant_that_was_withdrawn_is_a_refusal() -> None:
    account = Account(None, RefreshError("invalid_grant: Token has been revoked.", {}))

    async def ask() -> None:
        with pytest.raises(CallError) as caught:
            await Tokens(account).ready()
        verdict = judge(caught.value)
        assert (verdict.ruling, verdict.reason) == (Ruling.REFUSED, Reason.UNAUTHORIZED)

    run(ask)


def test_a_doubt_is_tried_with_a_new_token() -> None:
    account = Account(3000)
    run(lambda: Tokens(account).renew())
    assert account.token == "token 1"
