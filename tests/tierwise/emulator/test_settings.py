"""Settings and contents that the service refuses, and thinking."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

HELLO = {"contents": [{"parts": [{"text": "Hello"}]}]}


def refused(emulator: Any, body: dict[str, Any], model: str = "gemini-3.1-flash-lite") -> str:
    status, reply = emulator.ask(body, model)
    assert (status, reply["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert emulator.bill()["requests"] == 0
    message: str = reply["error"]["message"]
    return message


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"temperature": 3}, "temperature"),
        ({"candidateCount": 2}, "candidate_count"),
        ({"maxOutputTokens": 0}, "max_output_tokens"),
        ({"maxOutputTokens": 10**6}, "65536"),
        ({"responseModalities": ["IMAGE"]}, "response_modalities"),
        ({"responseMimeType": "text/html"}, "allowed mimetypes"),
        ({"responseMimeType": "text/x.enum"}, "STRING enum"),
        ({"responseSchema": {"type": "STRING"}}, "when a schema is set"),
        (
            {"responseMimeType": "application/json", "responseSchema": {"type": "ARRAY"}},
            "response_schema.items: missing field.",
        ),
        (
            {"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT"}},
            "should be non-empty for OBJECT type",
        ),
        (
            {
                "responseMimeType": "application/json",
                "responseSchema": {"type": "STRING"},
                "responseJsonSchema": {"type": "string"},
            },
            "must be unset",
        ),
        (
            {"responseMimeType": "application/json", "responseJsonSchema": {"$ref": "#/$defs/a"}},
            "leads nowhere",
        ),
        (
            {"responseMimeType": "application/json", "responseJsonSchema": {"$ref": "#"}},
            "refers to itself",
        ),
        ({"thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 5}}, "not both"),
        ({"thinkingConfig": {"thinkingLevel": "XHIGH"}}, "XHIGH is not supported"),
        ({"thinkingConfig": {"thinkingBudget": -2}}, "budget -2"),
    ],
)
def test_settings_are_refused(emulator: Any, config: dict[str, Any], text: str) -> None:
    assert text in refused(emulator, HELLO | {"generationConfig": config})


@pytest.mark.parametrize(
    ("model", "thinking", "text"),
    [
        ("gemini-3.8-flash", {"thinkingLevel": "minimal"}, "MINIMAL is not supported"),
        ("gemini-2.5-flash", {"thinkingLevel": "low"}, "Thinking level is not supported"),
        ("gemini-2.5-pro", {"thinkingBudget": 0}, "only works in thinking mode"),
    ],
)
def test_thinking_that_a_model_does_not_take(
    emulator: Any, model: str, thinking: dict[str, Any], text: str
) -> None:
    body = HELLO | {"generationConfig": {"thinkingConfig": thinking}}
    assert text in refused(emulator, body, model)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "contents is not specified"),
        ({"contents": []}, "contents is not specified"),
        ({"contents": [{"parts": []}]}, "must not be empty"),
        ({"contents": [{"parts": [{}]}]}, "required oneof field 'data'"),
        ({"contents": [{"role": "judge", "parts": [{"text": "a"}]}]}, "valid role"),
        ({"contents": [{"parts": [{"inlineData": {"data": "AAAA"}}]}]}, "mime_type: must be"),
        (
            {"contents": [{"parts": [{"inlineData": {"mimeType": "image/tiff", "data": "AAAA"}}]}]},
            "Unsupported MIME type: image/tiff",
        ),
        (
            {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]}]},
            "Unable to process input image",
        ),
        ({"contents": [{"parts": [{"text": "word " * 900_000}]}]}, "exceeds the maximum number"),
    ],
)
def test_contents_are_refused(emulator: Any, body: dict[str, Any], text: str) -> None:
    assert text in refused(emulator, body)


def test_media_resolution_per_part_is_for_generation_3(
    emulator: Any, picture: Callable[..., bytes]
) -> None:
    blob = {"mimeType": "image/jpeg", "data": base64.b64encode(picture()).decode()}
    part = {"inlineData": blob, "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"}}
    body = {"contents": [{"parts": [part]}]}
    assert "per part" in refused(emulator, body, "gemini-2.5-flash-lite")


def test_image_too_large_for_vertex(emulator: Any) -> None:
    blob = {"mimeType": "image/png", "data": base64.b64encode(bytes(7_000_001)).decode()}
    path = "/v1/publishers/google/models/gemini-3.1-flash-lite:generateContent"
    status, reply, _ = emulator.send(
        path, {"contents": [{"role": "user", "parts": [{"inlineData": blob}]}]}
    )
    assert status == 400
    assert "7000000 per image" in reply["error"]["message"]


def test_vertex_wants_roles(emulator: Any) -> None:
    path = "/v1/publishers/google/models/gemini-3.1-flash-lite:generateContent"
    status, reply, _ = emulator.send(path, HELLO)
    assert status == 400
    assert "valid role" in reply["error"]["message"]


def thoughts(emulator: Any, config: dict[str, Any], model: str) -> int:
    status, reply = emulator.ask(HELLO | {"generationConfig": config}, model)
    assert status == 200, reply
    found: int = reply["usageMetadata"].get("thoughtsTokenCount", 0)
    return found


@pytest.mark.parametrize(
    ("model", "thinking", "low", "high"),
    [
        ("gemini-3.1-flash-lite", {}, 0, 0),
        ("gemini-3.1-flash-lite", {"thinkingLevel": "LOW"}, 48, 80),
        ("gemini-3.8-flash", {}, 192, 320),
        ("gemini-3.8-flash", {"thinkingLevel": "HIGH"}, 768, 1280),
        ("gemini-2.5-flash", {"thinkingBudget": 0}, 0, 0),
        ("gemini-2.5-flash", {}, 192, 320),
        ("gemini-2.5-flash", {"thinkingBudget": 100}, 100, 100),
        ("gemini-2.5-flash-lite", {}, 0, 0),
    ],
)
def test_thoughts_by_level(
    emulator: Any, model: str, thinking: dict[str, Any], low: int, high: int
) -> None:
    assert low <= thoughts(emulator, {"thinkingConfig": thinking}, model) <= high


def test_thoughts_count_inside_the_output_limit(emulator: Any) -> None:
    limited = {"maxOutputTokens": 20}
    status, reply = emulator.ask(HELLO | {"generationConfig": limited}, "gemini-3.8-flash")
    assert status == 200
    assert reply["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert "parts" not in reply["candidates"][0]["content"]
    assert reply["usageMetadata"]["thoughtsTokenCount"] == 20
    assert emulator.bill()["thought_tokens"] == 20


def test_thoughts_are_shown_on_request(emulator: Any) -> None:
    config = {"thinkingConfig": {"includeThoughts": True}}
    _, reply = emulator.ask(HELLO | {"generationConfig": config}, "gemini-3.8-flash")
    first, second = reply["candidates"][0]["content"]["parts"]
    assert first["thought"]
    assert "thought" not in second
