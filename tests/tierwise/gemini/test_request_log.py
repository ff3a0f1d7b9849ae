"""What is kept of requests for debugging: all of them but pictures and secrets."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from aiohttp import web

from tierwise.answerer import ServiceKind
from tierwise.gemini.asker import Asker
from tierwise.gemini.billing import Billing
from tierwise.gemini.client import GeminiClient
from tierwise.gemini.gate import Gate
from tierwise.gemini.hearing import Rule
from tierwise.gemini.limiter import Clock, Limiter
from tierwise.gemini.request_log import RequestLog
from tierwise.gemini.service import Service
from tierwise.gemini.settle import Ask
from tierwise.records import Outcome

KEY = "AIzaSyThisIsNoRealKeyButLooksLikeOne123"


async def ask_and_log(
    service: Service, asks: list[Ask], most: int, pack: int = 1
) -> tuple[list[bytes], list[Outcome]]:
    lines, outcomes = list[bytes](), list[Outcome]()

    async def keep(line: bytes) -> None:
        lines.append(line)

    async def forget(*_: object) -> None:
        """No journal."""

    client = GeminiClient(service)
    limiter = Limiter(requests_in_flight=4, requests_per_minute=None, clock=Clock())
    asker = Asker(
        client, limiter, Gate(limiter, Rule()), Billing(service), forget, log=RequestLog(most, keep)
    )
    for start in range(0, len(asks), pack):
        outcomes += await asker.ask(asks[start : start + pack])
    await client.close()
    return lines, outcomes


def test_a_line_says_what_was_sent_and_what_came_back(
    gemini: Any, ask_of: Callable[..., Ask]
) -> None:
    asks = [ask_of(number) for number in range(2)]
    service = Service(ServiceKind.EMULATOR, gemini.url)
    (line,), _ = asyncio.run(ask_and_log(service, asks, most=5, pack=2))
    found = orjson.loads(line)
    assert line.endswith(b"}\n")
    assert found["request_ids"] == [ask.request_id for ask in asks]
    assert found["status"] == 200
    assert found["headers"] == {"x-gemini-service-tier": "standard"}
    assert found["reply"]["candidates"]
    opening, *parts = found["request"]["contents"][0]["parts"]
    assert opening["text"].startswith("How light is [filename]?")
    pictures = [part["inlineData"] for part in parts if "inlineData" in part]
    for ask, picture in zip(asks, pictures, strict=True):
        assert ask.picture
        data = ask.picture.data
        sha256 = hashlib.sha256(data).hexdigest()
        assert picture == {"mimeType": "image/jpeg", "sha256": sha256, "bytes": len(data)}
        assert base64.b64encode(data)[:40] not in line


def test_their_number_is_bounded_and_failures_count_apart(
    gemini: Any, ask_of: Callable[..., Ask]
) -> None:
    gemini.faults({"kind": "bad_image", "after": 3})
    asks = [ask_of(number) for number in range(9)]
    kept, _ = asyncio.run(ask_and_log(Service(ServiceKind.EMULATOR, gemini.url), asks, most=2))
    lines = [orjson.loads(line) for line in kept]
    assert [line["status"] for line in lines] == [200, 200, 400, 400]
    assert "Unable to process input image" in lines[2]["error"]


@pytest.mark.parametrize("status", [200, 403])
def test_no_key_is_in_it_even_if_google_quotes_it(
    serving: Any, ask_of: Callable[..., Ask], monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    message = f"Permission denied: Consumer 'api_key:{KEY}' has been suspended."

    async def quote(request: web.Request) -> web.Response:
        assert request.headers["x-goog-api-key"] == KEY
        info = {"reason": "CONSUMER_SUSPENDED", "metadata": {"consumer": f"api_key:{KEY}"}}
        content = {"parts": [{"text": "dark"}]}
        document = {
            "error": {"status": "PERMISSION_DENIED", "message": message, "details": [info]},
            "candidates": [{"content": content, "finishReason": "STOP"}],
        }
        return web.json_response(document, status=status, headers={"set-cookie": "session=1"})

    async def run() -> tuple[list[bytes], list[Outcome]]:
        async with serving(quote) as url:
            return await ask_and_log(Service(ServiceKind.DEVELOPER, url), [ask_of()], most=5)

    lines, outcomes = asyncio.run(run())
    assert len(lines) == (1 if status == 200 else 5)
    assert KEY.encode() not in b"".join(lines)
    assert b"session=1" not in b"".join(lines)
    assert KEY not in repr(outcomes)
