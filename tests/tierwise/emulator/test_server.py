"""The real client on both paths, and the control paths."""

from __future__ import annotations

import asyncio
import json
import socket
import urllib.request
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from google import genai
from google.genai import types

from tierwise.records import MediaResolution
from tierwise.tiers import image_tokens, text_tokens

MODEL = "gemini-3.1-flash-lite"
LABELS = {"type": "STRING", "enum": ["dark", "bright"]}
ENUM = types.GenerateContentConfig(response_mime_type="text/x.enum", response_schema=LABELS)
QUESTION = "How light is this picture?"


def ask(client: genai.Client, data: bytes, **settings: Any) -> types.GenerateContentResponse:
    part = types.Part.from_bytes(data=data, mime_type="image/jpeg")
    contents = types.Content(role="user", parts=[types.Part(text=QUESTION), part])
    config = ENUM.model_copy(update=settings)
    return client.models.generate_content(model=MODEL, contents=contents, config=config)


def test_developer_reply(emulator: Any, picture: Callable[..., bytes]) -> None:
    low = types.MediaResolution.MEDIA_RESOLUTION_LOW
    flex = types.ServiceTier.FLEX
    reply = ask(emulator.developer(), picture(), media_resolution=low, service_tier=flex)
    assert reply.text == "dark"
    assert reply.model_version == MODEL
    assert reply.response_id
    usage = reply.usage_metadata
    assert usage is not None
    image = image_tokens(MODEL, MediaResolution.LOW, 320, 240)
    details = {
        d.modality.name: d.token_count for d in usage.prompt_tokens_details or () if d.modality
    }
    assert details == {"TEXT": text_tokens(QUESTION), "IMAGE": image}
    assert usage.prompt_token_count == text_tokens(QUESTION) + image
    assert usage.candidates_token_count == 1
    assert usage.thoughts_token_count is None
    assert usage.total_token_count == usage.prompt_token_count + 1
    assert reply.sdk_http_response is not None
    assert (reply.sdk_http_response.headers or {})["x-gemini-service-tier"] == "flex"


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_developer_versions(emulator: Any, picture: Callable[..., bytes], version: str) -> None:
    assert ask(emulator.developer(version), picture(colour="white")).text == "bright"


@pytest.mark.parametrize(
    ("location", "header", "traffic"),
    [
        ("global", "", "ON_DEMAND"),
        ("global", "flex", "ON_DEMAND_FLEX"),
        ("global", "priority", "ON_DEMAND_PRIORITY"),
        ("europe-west4", "flex", "ON_DEMAND"),
    ],
)
def test_vertex_tier(
    emulator: Any, picture: Callable[..., bytes], location: str, header: str, traffic: str
) -> None:
    headers = {"X-Vertex-AI-LLM-Shared-Request-Type": header} if header else {}
    reply = ask(
        emulator.vertex(location), picture(), http_options=types.HttpOptions(headers=headers)
    )
    assert reply.usage_metadata is not None
    assert reply.usage_metadata.traffic_type is not None
    assert reply.usage_metadata.traffic_type.name == traffic
    tier = traffic.removeprefix("ON_DEMAND").strip("_").lower() or "standard"
    assert emulator.log()[-1]["service_tier"] == tier


def test_vertex_express_and_v1(emulator: Any) -> None:
    options = types.HttpOptions(base_url=emulator.url)
    express = genai.Client(vertexai=True, api_key="any", http_options=options)
    assert express.models.generate_content(model=MODEL, contents="Hello").text
    path = f"/v1/projects/p/locations/global/publishers/google/models/{MODEL}:generateContent"
    body = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
    assert emulator.send(path, body, headers={"Authorization": "Bearer any"})[0] == 200


# google-genai derives from aiohttp's session, which aiohttp discourages.
@pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")
def test_async_client(emulator: Any) -> None:
    async def both() -> list[str | None]:
        client = emulator.developer().aio
        replies = await asyncio.gather(
            *(client.models.generate_content(model=MODEL, contents=f"Number {i}") for i in range(8))
        )
        await client.aclose()
        return [reply.text for reply in replies]

    assert all(asyncio.run(both()))


def test_count_tokens_costs_nothing(emulator: Any, picture: Callable[..., bytes]) -> None:
    part = types.Part.from_bytes(data=picture(), mime_type="image/jpeg")
    wanted = text_tokens(QUESTION) + image_tokens(MODEL, None, 320, 240)
    for client in (emulator.developer(), emulator.vertex()):
        counted = client.models.count_tokens(model=MODEL, contents=[QUESTION, part])
        assert counted.total_tokens == wanted
    assert emulator.bill()["requests"] == 0


def test_request_log(emulator: Any, picture: Callable[..., bytes]) -> None:
    data = picture()
    ask(emulator.developer(), data)
    emulator.ask({"contents": [{"parts": [{"text": "Hi"}]}], "unknown": 1})
    good, bad = emulator.log()
    assert good["images"] == [sha256(data).hexdigest()]
    assert good["prompt_sha256"] == sha256(QUESTION.encode()).hexdigest()
    assert (good["status"], good["model"], good["fault"]) == (200, MODEL, None)
    assert good["media_resolution"] == [None]
    assert good["usd"] == emulator.bill()["total_usd"]
    assert good["tokens"]["image_tokens"] == image_tokens(MODEL, None, 320, 240)
    assert (bad["status"], bad["usd"], bad["images"]) == (400, "0.000000000", [])


def test_reset_clears_bill_log_and_faults(emulator: Any) -> None:
    emulator.faults({"kind": "internal"})
    assert emulator.ask({"contents": [{"parts": [{"text": "Hi"}]}]})[0] == 500
    assert emulator.send("/emulator/reset", b"")[0] == 200
    assert emulator.log() == []
    assert emulator.ask({"contents": [{"parts": [{"text": "Hi"}]}]})[0] == 200
    assert emulator.bill()["requests"] == 1


def test_oversize_request_is_refused(emulator: Any) -> None:
    body = b'{"contents": "' + b"a" * 100_000_001 + b'"}'
    status, reply = emulator.ask(body)
    assert status == 400
    assert "payload size exceeds the limit: 100000000 bytes" in reply["error"]["message"]


def test_half_a_request_does_not_disturb(emulator: Any) -> None:
    port = int(emulator.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(
            b"POST /v1/models/x:generateContent HTTP/1.1\r\nContent-Length: 99\r\n\r\n{"
        )
    with urllib.request.urlopen(f"{emulator.url}/emulator/bill") as reply:
        assert json.loads(reply.read())["requests"] == 0
