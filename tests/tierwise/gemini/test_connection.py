"""What comes of a request below HTTP's good manners: each case over a real connection."""

from __future__ import annotations

import asyncio
import socket
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web

from tierwise.answerer import ServiceKind
from tierwise.gemini import connection
from tierwise.gemini.call_error import CallError
from tierwise.gemini.client import GeminiClient
from tierwise.gemini.compose import compose
from tierwise.gemini.raw_reply import RawReply
from tierwise.gemini.reply import read_reply
from tierwise.gemini.retry import Ruling, judge
from tierwise.gemini.service import Service
from tierwise.gemini.settle import Ask
from tierwise.records import ServiceTier

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

WHOLE = (
    b'{"candidates": [{"content": {"parts": [{"text": "dark"}]}, "finishReason": "STOP"}],'
    b' "usageMetadata": {"promptTokenCount": 300, "candidatesTokenCount": 1}}'
)


async def send(service: Service, ask: Ask) -> RawReply:
    client = GeminiClient(service)
    try:
        return await client.send(ask.route.model, compose([ask]).body, ServiceTier.STANDARD)
    finally:
        await client.close()


@pytest.fixture
def sent_to(serving: Any, ask_of: Callable[..., Ask]) -> Callable[..., RawReply]:
    """Sends one request to a server with this handler."""

    async def to(handler: Handler, kind: ServiceKind, timeout_s: float) -> RawReply:
        async with serving(handler) as url:
            return await send(Service(kind, url, timeout_s=timeout_s), ask_of())

    return lambda handler, kind=ServiceKind.EMULATOR, timeout_s=10.0: asyncio.run(
        to(handler, kind, timeout_s)
    )


def answering(body: bytes, status: int = 200, **headers: str) -> Handler:
    async def reply(_: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=body, headers=named)

    return reply


@pytest.mark.parametrize(
    "content_type",
    [
        *("application/json", "application/json; charset=undefined", "text/html; charset=zlib"),
        *("application/json; charset=punycode", "application/json; charset=", "nonsense", ";;;="),
        *("application/json; charset=utf-16", "application/json; charset=klingon"),
    ],
)
def test_json_is_read_whatever_its_headers_say(
    sent_to: Callable[..., RawReply], content_type: str
) -> None:
    raw = sent_to(answering(WHOLE, content_type=content_type))
    assert read_reply(raw.body, raw.headers).text == "dark"


def test_a_mark_of_byte_order_is_no_damage(sent_to: Callable[..., RawReply]) -> None:
    assert sent_to(answering(b"\xef\xbb\xbf" + WHOLE)).body["candidates"]


@pytest.mark.parametrize("charset", ["", "; charset=iso-8859-1"])
def test_what_is_no_utf_8_is_read_as_far_as_it_can_be(
    sent_to: Callable[..., RawReply], charset: str
) -> None:
    body = WHOLE.replace(b"dark", "d\xe4rk".encode("latin-1"))
    raw = sent_to(answering(body, content_type=f"application/json{charset}"))
    reply = read_reply(raw.body, raw.headers)
    assert reply.text == ("d\xe4rk" if charset else "d\ufffdrk")
    assert reply.usage.input_tokens == 300


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"\xff\xfe", b"[" * 5000, b'"\\ud800"'])
def test_what_is_no_object_may_be_billed(sent_to: Callable[..., RawReply], body: bytes) -> None:
    with pytest.raises(CallError) as caught:
        sent_to(answering(body))
    assert caught.value.sent
    assert judge(caught.value).ruling is Ruling.ONCE_MORE


@pytest.mark.parametrize("status", [200, 503])
def test_a_header_that_is_no_text_costs_no_answer(
    sent_to: Callable[..., RawReply], status: int
) -> None:
    async def reply(request: web.Request) -> web.StreamResponse:
        await request.read()
        assert request.transport
        head = f"HTTP/1.1 {status} So\r\ncontent-length: {len(WHOLE)}\r\nretry-after: "
        request.transport.write(head.encode() + b"\xff\xfe\r\n\r\n" + WHOLE)
        await asyncio.sleep(0.1)
        return web.Response()

    if status == 200:
        assert sent_to(reply).headers["retry-after"].encode()
    else:
        with pytest.raises(CallError) as caught:
            sent_to(reply)
        assert judge(caught.value).wait_s is None
        assert caught.value.headers["retry-after"].encode()


def endless(status: int, *, compressed: bool = False) -> Handler:
    """256 MB, as they come or as a bomb of a quarter of one."""
    block = b" " * 1024**2
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(block) for _ in range(256)) if compressed else b""

    async def reply(request: web.Request) -> web.StreamResponse:
        headers = {"content-encoding": "gzip"} if compressed else {}
        response = web.StreamResponse(status=status, headers=headers)
        with suppress(ConnectionError):  # the client has heard enough
            await response.prepare(request)
            for part in [bomb] if compressed else [block] * 256:
                await response.write(part)
        return response

    return reply


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("status", [200, 400])
def test_no_body_fills_the_memory(
    sent_to: Callable[..., RawReply], status: int, compressed: bool
) -> None:
    handler = endless(status, compressed=compressed)
    tracemalloc.start()
    try:
        with pytest.raises(CallError) as caught:
            sent_to(handler)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.status == status
    assert peak < 40 * 1024**2


def test_nothing_is_followed_elsewhere(
    serving: Any, ask_of: Callable[..., Ask], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "AIzaSyThisIsNoRealKeyButLooksLikeOne123"
    monkeypatch.setenv("GEMINI_API_KEY", key)
    seen: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        seen.append(await request.text())
        return web.Response(body=WHOLE)

    async def run(status: int) -> None:
        async with serving(elsewhere) as there:
            moved = answering(b"", status, location=f"{there}/v1beta/models/m:generateContent")
            async with serving(moved) as here:
                with pytest.raises(CallError, match="which is not followed") as caught:
                    await send(Service(ServiceKind.DEVELOPER, here), ask_of())
        assert caught.value.status == status
        assert not caught.value.sent

    for status in (301, 302, 303, 307, 308):
        asyncio.run(run(status))
    assert seen == []


def test_a_connection_that_never_opens_was_nothing_sent(
    ask_of: Callable[..., Ask], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full backlog answers no SYN, as a firewall does that drops them."""
    monkeypatch.setattr("tierwise.gemini.client.CONNECT_S", 0.3)
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        url = "http://{}:{}".format(*full.getsockname())
        with pytest.raises(CallError, match="nothing was sent or billed") as caught:
            asyncio.run(send(Service(ServiceKind.EMULATOR, url, timeout_s=20), ask_of()))
    assert not caught.value.sent
    assert judge(caught.value).ruling is Ruling.AGAIN


def test_a_reply_that_is_slow_is_waited_for_beyond_the_time_to_connect(
    sent_to: Callable[..., RawReply], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tierwise.gemini.client.CONNECT_S", 0.2)

    async def slowly(_: web.Request) -> web.Response:
        await asyncio.sleep(0.5)
        return web.Response(body=WHOLE)

    assert sent_to(slowly).body["candidates"]


def test_a_short_key_garbles_no_reply(
    sent_to: Callable[..., RawReply], monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("k", "dark", "promptTokenCount"):
        monkeypatch.setenv("GEMINI_API_KEY", key)
        raw = sent_to(answering(WHOLE), ServiceKind.DEVELOPER)
        reply = read_reply(raw.body, raw.headers)
        assert (reply.text, reply.usage.input_tokens) == ("dark", 300)


def test_bounds_leave_room_for_the_longest_reply() -> None:
    assert connection.MOST_BYTES > 65_536 * 16
