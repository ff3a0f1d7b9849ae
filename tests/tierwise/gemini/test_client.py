"""The client as the service sees it: connections, paths, headers, and how often it sends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from aiohttp import web

from tierwise.answerer import ServiceKind
from tierwise.errors import InputError
from tierwise.gemini.call_error import CallError
from tierwise.gemini.client import GeminiClient
from tierwise.gemini.compose import compose
from tierwise.gemini.raw_reply import RawReply
from tierwise.gemini.reply import read_reply
from tierwise.gemini.service import VERTEX_TIER_HEADER, Service
from tierwise.gemini.settle import Ask
from tierwise.records import ServiceTier

MODEL = "gemini-3.1-flash-lite"


@asynccontextmanager
async def connected(service: Service) -> AsyncIterator[GeminiClient]:
    client = GeminiClient(service)
    try:
        yield client
    finally:
        await client.close()


def send(service: Service, ask: Ask, tier: ServiceTier = ServiceTier.STANDARD) -> RawReply:
    async def once() -> RawReply:
        async with connected(service) as client:
            return await client.send(ask.route.model, compose([ask]).body, tier)

    return asyncio.run(once())


def recorded(
    serving: Any, calls: int, ask: Ask, tier: ServiceTier, **service: Any
) -> list[tuple[web.Request, Any, int]]:
    """What a server saw: requests, their bodies, and the port each came from."""
    seen: list[tuple[web.Request, Any, int]] = []

    async def keep(request: web.Request) -> web.Response:
        assert request.transport
        port = request.transport.get_extra_info("peername")[1]
        seen.append((request, orjson.loads(await request.read()), port))
        return web.json_response({"candidates": []})

    async def run() -> None:
        async with (
            serving(keep) as url,
            connected(Service(endpoint=url, **service)) as client,
        ):
            for _ in range(calls):
                await client.send(MODEL, compose([ask]).body, tier)

    asyncio.run(run())
    return seen


def test_a_reply_comes_back_raw(gemini: Any, ask_of: Callable[..., Ask]) -> None:
    raw = send(Service(ServiceKind.EMULATOR, gemini.url), ask_of())
    reply = read_reply(raw.body, raw.headers)
    assert reply.text in ("dark", "bright")
    assert reply.finish_reason == "STOP"
    assert reply.model_version == MODEL
    assert reply.usage.input_tokens > reply.usage.image_tokens > 0
    assert raw.latency_ms >= 0
    assert len(gemini.requests()) == 1


def test_aiohttp_sends_and_one_connection_serves_all(
    serving: Any, ask_of: Callable[..., Ask]
) -> None:
    seen = recorded(serving, 5, ask_of(), ServiceTier.STANDARD, kind=ServiceKind.EMULATOR)
    assert len(seen) == 5
    assert len({port for _, _, port in seen}) == 1
    # httpx, on which the SDK needs many times the processor time, would say keep-alive.
    assert "Connection" not in seen[0][0].headers


def test_a_developer_call_carries_its_key_in_a_header(
    serving: Any, ask_of: Callable[..., Ask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", " the-key ")
    ((request, body, _),) = recorded(
        serving, 1, ask_of(), ServiceTier.STANDARD, kind=ServiceKind.DEVELOPER
    )
    assert request.path_qs == f"/v1beta/models/{MODEL}:generateContent"
    assert request.headers["x-goog-api-key"] == "the-key"
    assert "the-key" not in request.path_qs + str(body)
    assert body == compose([ask_of()]).body


def test_a_vertex_call_names_project_and_location(serving: Any, ask_of: Callable[..., Ask]) -> None:
    ((request, body, _),) = recorded(
        serving,
        1,
        ask_of(),
        ServiceTier.STANDARD,
        kind=ServiceKind.VERTEX,
        project="p",
        location="us-central1",
    )
    place = "projects/p/locations/us-central1/publishers/google"
    assert request.path_qs == f"/v1beta1/{place}/models/{MODEL}:generateContent"
    assert request.headers["Authorization"] == "Bearer local"
    assert "x-goog-api-key" not in request.headers
    assert body == compose([ask_of()]).body


@pytest.mark.parametrize("tier", [ServiceTier.STANDARD, ServiceTier.FLEX, ServiceTier.PRIORITY])
@pytest.mark.parametrize("kind", [ServiceKind.EMULATOR, ServiceKind.VERTEX])
def test_a_tier_stands_where_each_service_wants_it(
    serving: Any, ask_of: Callable[..., Ask], kind: ServiceKind, tier: ServiceTier
) -> None:
    ((request, body, _),) = recorded(serving, 1, ask_of(), tier, kind=kind, project="p")
    asked = None if tier is ServiceTier.STANDARD else str(tier)
    vertex = kind is ServiceKind.VERTEX
    assert request.headers.get(VERTEX_TIER_HEADER) == (asked if vertex else None)
    assert body.get("serviceTier") == (None if vertex else asked)


@pytest.mark.parametrize("tier", [ServiceTier.STANDARD, ServiceTier.FLEX, ServiceTier.PRIORITY])
@pytest.mark.parametrize("kind", [ServiceKind.EMULATOR, ServiceKind.VERTEX])
def test_the_tier_that_was_served_is_read_back(
    gemini: Any, ask_of: Callable[..., Ask], kind: ServiceKind, tier: ServiceTier
) -> None:
    raw = send(Service(kind, gemini.url, project="p"), ask_of(), tier)
    assert read_reply(raw.body, raw.headers).service_tier is tier
    assert gemini.requests()[0]["service_tier"] == str(tier)


def test_a_region_that_ignores_the_tier_says_so(gemini: Any, ask_of: Callable[..., Ask]) -> None:
    service = Service(ServiceKind.VERTEX, gemini.url, project="p", location="europe-west1")
    raw = send(service, ask_of(), ServiceTier.FLEX)
    assert read_reply(raw.body, raw.headers).service_tier is ServiceTier.STANDARD


@pytest.mark.parametrize("fault", ["drop", "unavailable", "internal", "rate_limited"])
def test_nothing_is_sent_a_second_time_in_silence(
    gemini: Any, ask_of: Callable[..., Ask], fault: str
) -> None:
    service = Service(ServiceKind.EMULATOR, gemini.url)

    async def fill_pool_and_fail() -> None:
        async with connected(service) as client:
            body = compose([ask_of()]).body
            await client.send(MODEL, body, ServiceTier.STANDARD)
            gemini.faults({"kind": fault})
            with pytest.raises(CallError):
                await client.send(MODEL, body, ServiceTier.STANDARD)

    asyncio.run(fill_pool_and_fail())
    assert len(gemini.requests()) == 2


def test_no_key_is_refused_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "  ")

    async def connect() -> None:
        with pytest.raises(InputError, match="GEMINI_API_KEY is not set"):
            GeminiClient(Service(ServiceKind.DEVELOPER))

    asyncio.run(connect())
