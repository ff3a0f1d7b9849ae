"""Each row of the table in `tierwise.gemini.retry`, from replies that really came over HTTP."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from tierwise.answerer import ServiceKind
from tierwise.gemini import retry
from tierwise.gemini.call_error import CallError
from tierwise.gemini.client import GeminiClient
from tierwise.gemini.compose import compose
from tierwise.gemini.retry import Ruling, Verdict, backoff_s, judge
from tierwise.gemini.service import Service
from tierwise.gemini.settle import Ask
from tierwise.records import Reason, ServiceTier

AGAIN, ONCE_MORE, SPLIT, FORM, REFUSED = Ruling


def failure(service: Service, ask: Ask) -> CallError:
    return asyncio.run(failing(service, ask))


async def failing(service: Service, ask: Ask) -> CallError:
    client = GeminiClient(service)
    try:
        with pytest.raises(CallError) as caught:
            await client.send(ask.route.model, compose([ask]).body, ServiceTier.STANDARD)
    finally:
        await client.close()
    return caught.value


def answering(status: int, body: str = "", headers: dict[str, str] | None = None) -> Any:
    """A server that says the same to everybody."""

    async def reply(_: web.Request) -> web.Response:
        return web.Response(
            status=status, text=body, headers=headers, content_type="application/json"
        )

    return reply


@pytest.fixture
def failure_at(serving: Any) -> Callable[..., CallError]:
    """What comes of a request to a server with this handler."""

    async def at(handler: Any, ask: Ask) -> CallError:
        async with serving(handler) as url:
            return await failing(Service(ServiceKind.EMULATOR, url), ask)

    return lambda handler, ask: asyncio.run(at(handler, ask))


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        ({"kind": "rate_limited"}, Verdict(AGAIN, Reason.QUOTA_EXHAUSTED, 1.0)),
        (
            {"kind": "rate_limited", "retry_after_s": 0.25},
            Verdict(AGAIN, Reason.QUOTA_EXHAUSTED, 0.25),
        ),
        ({"kind": "daily_quota"}, Verdict(REFUSED, Reason.QUOTA_EXHAUSTED, certain=True)),
        ({"kind": "spend_limit"}, Verdict(AGAIN, Reason.QUOTA_EXHAUSTED, 180.0, window_s=600.0)),
        ({"kind": "unauthorized"}, Verdict(REFUSED, Reason.UNAUTHORIZED)),
        ({"kind": "forbidden"}, Verdict(REFUSED, Reason.UNAUTHORIZED)),
        ({"kind": "model_gone"}, Verdict(REFUSED, Reason.REJECTED)),
        ({"kind": "bad_image"}, Verdict(SPLIT, Reason.REJECTED)),
        ({"kind": "internal"}, Verdict(AGAIN, Reason.UNAVAILABLE)),
        ({"kind": "unavailable"}, Verdict(AGAIN, Reason.UNAVAILABLE, no_room=True)),
        ({"kind": "deadline"}, Verdict(AGAIN, Reason.TIMEOUT)),
        ({"kind": "hang"}, Verdict(ONCE_MORE, Reason.TIMEOUT)),
        ({"kind": "drop"}, Verdict(ONCE_MORE, Reason.UNAVAILABLE)),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("kind", [ServiceKind.EMULATOR, ServiceKind.VERTEX])
def test_every_fault_has_its_verdict(
    gemini: Any,
    ask_of: Callable[..., Ask],
    kind: ServiceKind,
    fault: dict[str, Any],
    verdict: Verdict,
) -> None:
    gemini.faults(fault)
    seconds = 0.3 if fault["kind"] == "hang" else 10
    service = Service(kind, gemini.url, project="p", timeout_s=seconds)
    error = failure(service, ask_of())
    if fault["kind"] == "rate_limited":  # Vertex names no quota
        verdict = replace(verdict, no_room=kind is ServiceKind.VERTEX)
    assert judge(error) == verdict, error
    assert error.sent == (verdict.ruling is ONCE_MORE)


def test_a_withdrawn_key_ends_the_run(
    gemini: Any, ask_of: Callable[..., Ask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "revoked")
    error = failure(Service(ServiceKind.DEVELOPER, gemini.url), ask_of())
    assert error.status == 400
    assert judge(error) == Verdict(REFUSED, Reason.UNAUTHORIZED)


def test_no_connection_was_nothing_sent(ask_of: Callable[..., Ask]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        error = failure(Service(ServiceKind.EMULATOR, f"http://127.0.0.1:{port}"), ask_of())
    assert not error.sent
    assert judge(error) == Verdict(AGAIN, Reason.UNAVAILABLE)


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, "not JSON", Verdict(ONCE_MORE, Reason.UNAVAILABLE)),
        (200, "[]", Verdict(ONCE_MORE, Reason.UNAVAILABLE)),
        (402, "{}", Verdict(REFUSED, Reason.QUOTA_EXHAUSTED)),
        (408, "{}", Verdict(AGAIN, Reason.TIMEOUT)),
        (413, "<html>too large</html>", Verdict(SPLIT, Reason.REJECTED)),
        (418, "{}", Verdict(SPLIT, Reason.REJECTED)),
        (429, "{}", Verdict(AGAIN, Reason.QUOTA_EXHAUSTED, no_room=True)),
        (499, "{}", Verdict(ONCE_MORE, Reason.UNAVAILABLE)),
        (502, "<html>bad gateway</html>", Verdict(AGAIN, Reason.UNAVAILABLE)),
        (529, "", Verdict(AGAIN, Reason.UNAVAILABLE)),
        (
            400,
            '{"error": {"status": "FAILED_PRECONDITION"}}',
            Verdict(REFUSED, Reason.UNAUTHORIZED),
        ),
        (307, "", Verdict(REFUSED, Reason.REJECTED)),
        (
            429,
            '{"error": {"message": "Your project exceeded its monthly spending cap."}}',
            Verdict(REFUSED, Reason.QUOTA_EXHAUSTED, certain=True),
        ),
        (
            429,
            '{"error": {"message": "Your prepayment credits are depleted. Add credit.",'
            ' "details": [{"retryDelay": "30s"}]}}',
            Verdict(REFUSED, Reason.QUOTA_EXHAUSTED, certain=True),
        ),
        (
            429,
            '{"error": {"message": "Spend-based rate limit exceeded", "details": ['
            '{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "180s"}]}}',
            Verdict(AGAIN, Reason.QUOTA_EXHAUSTED, 180.0, window_s=600.0),
        ),
        (
            429,
            '{"error": {"details": [{"retryDelay": "40000s"}]}}',
            Verdict(REFUSED, Reason.QUOTA_EXHAUSTED, 40000.0),
        ),
        (
            429,
            '{"error": {"details": [{"violations": [{"quotaId": "RequestsPerMinute"}]}]}}',
            Verdict(AGAIN, Reason.QUOTA_EXHAUSTED),
        ),
        *(
            (status, body, judged)
            for body in (
                '{"error": {"details": null}}',
                '{"error": {"details": [null, "x", {"violations": ["a", null], "reason": []}]}}',
                '{"error": "busy"}',
                '{"error": null}',
                "[]",
                '[{"error": {"message": 7, "status": []}}]',
            )
            for status, judged in (
                (400, Verdict(SPLIT, Reason.REJECTED)),
                (429, Verdict(AGAIN, Reason.QUOTA_EXHAUSTED, no_room=True)),
            )
        ),
        *(
            (400, f'{{"error": {{"message": "{words}"}}}}', Verdict(FORM, Reason.REJECTED))
            for words in (
                "The specified schema produces a constraint that has too many states for serving.",
                "response_json_schema is not supported by this model",
                "Unsupported response_mime_type: text/x.enum",
                "enum: at most 500 values",
            )
        ),
    ],
)
def test_what_the_emulator_does_not_say(
    failure_at: Any, ask_of: Callable[..., Ask], status: int, body: str, verdict: Verdict
) -> None:
    assert judge(failure_at(answering(status, body), ask_of())) == verdict


_TOLD_BY_WORDS = ("200", "invalid key", "per day", "schema", "reference", "wait of")


def rows_of_the_table() -> dict[str, tuple[str, str]]:
    """Ruling and reason by status, `other 4xx` and `other 5xx`, as the module's table says."""
    found: dict[str, tuple[str, str]] = {}
    for line in (retry.__doc__ or "").splitlines():
        if not re.match(r"\| \d", line):
            continue
        what, ruling, reason = (cell.strip() for cell in line.split("|")[1:4])
        if any(words in what for words in _TOLD_BY_WORDS):
            what = what.partition(",")[0] if what.startswith("402") else ""
        for name in re.findall(r"other \dxx|3xx|\d{3}", what):
            assert name not in found, f"{name} stands in two rows"
            found[name] = (ruling, reason)
    lost = next(line for line in (retry.__doc__ or "").splitlines() if "lost after" in line)
    found["499"] = tuple(cell.strip() for cell in lost.split("|")[2:4])  # type: ignore[assignment]
    return found


def test_every_status_has_the_verdict_of_its_row(serving: Any, ask_of: Callable[..., Ask]) -> None:
    rows, ask = rows_of_the_table(), ask_of()
    waiting, found = iter(range(400, 600)), dict[int, Verdict]()

    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=next(waiting), text="{}")

    async def run() -> None:
        async with serving(refuse) as url:
            client = GeminiClient(Service(ServiceKind.EMULATOR, url))
            for _ in range(200):
                with pytest.raises(CallError) as caught:
                    await client.send(ask.route.model, compose([ask]).body, ServiceTier.STANDARD)
                found[caught.value.status] = judge(caught.value)
            await client.close()

    asyncio.run(run())
    assert len(found) == 200
    for status, verdict in found.items():
        expected = rows.get(str(status)) or rows[f"other {status // 100}xx"]
        assert (str(verdict.ruling), str(verdict.reason)) == expected, status


@pytest.mark.parametrize(
    ("message", "by_reference", "verdict"),
    [
        ("404 NOT_FOUND: A valid object was not found", True, Verdict(SPLIT, Reason.REJECTED)),
        ("404 NOT_FOUND: A valid object was not found", False, Verdict(REFUSED, Reason.REJECTED)),
        ("404 NOT_FOUND: gs://b/model.jpg was not found", True, Verdict(SPLIT, Reason.REJECTED)),
    ],
)
def test_an_object_that_is_gone_is_not_the_end(
    message: str, by_reference: bool, verdict: Verdict
) -> None:
    assert judge(CallError(message, status=404), by_reference=by_reference) == verdict
    closed = Verdict(verdict.ruling, Reason.REJECTED if by_reference else Reason.UNAUTHORIZED)
    assert judge(CallError("no access", status=403), by_reference=by_reference) == closed


@pytest.mark.parametrize(("header", "wait_s"), [("7", 7.0), ("0.5", 0.5), ("tomorrow", None)])
def test_the_retry_after_header_is_obeyed(
    failure_at: Any, ask_of: Callable[..., Ask], header: str, wait_s: float | None
) -> None:
    error = failure_at(answering(503, "{}", {"Retry-After": header}), ask_of())
    assert judge(error).wait_s == wait_s


def test_a_connection_closed_after_the_request_may_be_billed(
    failure_at: Any, ask_of: Callable[..., Ask]
) -> None:
    calls = []

    async def close(request: web.Request) -> web.Response:
        calls.append(await request.read())
        assert request.transport
        request.transport.abort()
        return web.Response()

    error = failure_at(close, ask_of())
    assert judge(error) == Verdict(ONCE_MORE, Reason.UNAVAILABLE)
    assert len(calls) == 1


@given(st.integers(1, 100), st.floats(0, 1, exclude_max=True))
def test_backoff_is_jittered_grows_and_is_bounded(tries: int, chance: float) -> None:
    wait = backoff_s(tries, chance)
    assert 0 <= wait <= min(60, 2 ** (tries - 1))
    assert wait <= backoff_s(tries + 1, chance)
    assert backoff_s(tries, 0) == 0
