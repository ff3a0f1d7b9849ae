"""Bodies that fit the messages and bodies that do not, over HTTP."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.emulator.decoding import decode_image
from tierwise.emulator.messages import MESSAGES
from tierwise.emulator.paths import Call
from tierwise.emulator.refusals import Refusal

HELLO = {"contents": [{"parts": [{"text": "Hello"}]}]}
CALL = Call(False, "v1beta", "m", "generateContent")


def message_of(reply: dict[str, Any]) -> str:
    error = reply["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    text: str = error["message"]
    return text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"x": 1}, 'Unknown name "x": Cannot find field.'),
        ({"generationConfig": {"x": 1}}, "Unknown name \"x\" at 'generation_config'"),
        ({"contents": [{"x": 1}]}, "Unknown name \"x\" at 'contents[0]'"),
        ({"contents": [{"parts": [{"x": 1}]}]}, "at 'contents[0].parts[0]': Cannot find field."),
        (
            {"contents": [{"parts": [{"inlineData": {"x": 1}}]}]},
            "'contents[0].parts[0].inline_data'",
        ),
        (
            {"generationConfig": {"thinkingConfig": {"x": 1}}},
            "at 'generation_config.thinking_config': Cannot find field.",
        ),
        (
            {"generationConfig": {"responseSchema": {"properties": {"a": {"x": 1}}}}},
            "at 'generation_config.response_schema.properties[0].value': Cannot find field.",
        ),
        (
            {"generationConfig": {"responseSchema": {"additionalProperties": False}}},
            'Unknown name "additionalProperties"',
        ),
        (
            {"generationConfig": {"responseSchema": {"type": ["STRING", "NULL"]}}},
            "Proto field is not repeating, cannot start list.",
        ),
        (
            {"generationConfig": {"mediaResolution": "MEDIA_RESOLUTION_ULTRA_HIGH"}},
            "Invalid value at 'generation_config.media_resolution'",
        ),
        ({"generationConfig": {"maxOutputTokens": "many"}}, '(TYPE_INT32), "many"'),
        ({"generationConfig": {"thinkingConfig": {"thinkingLevel": "HUGE"}}}, "thinking_level'"),
        ({"serviceTier": "cheap"}, "Invalid value at 'service_tier'"),
        ({"generationConfig": {"responseSchema": {"type": "TEXT"}}}, "response_schema.type'"),
        (
            {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "a*b"}}]}]},
            '(TYPE_BYTES), Base64 decoding failed for "a*b"',
        ),
    ],
)
def test_misfits_are_refused(emulator: Any, body: dict[str, Any], text: str) -> None:
    status, reply = emulator.ask(HELLO | body)
    assert status == 400
    assert text in message_of(reply)
    assert reply["error"]["details"][0]["fieldViolations"]


def test_every_misfit_is_named_at_once(emulator: Any) -> None:
    _, reply = emulator.ask(HELLO | {"x": 1, "y": 2})
    assert len(message_of(reply).splitlines()) == 2


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"text"', b"\xff"])
def test_bodies_that_are_no_object(emulator: Any, body: bytes) -> None:
    status, reply = emulator.ask(body)
    assert status == 400
    assert message_of(reply)


def test_known_but_unserved_fields_are_not_ignored(emulator: Any) -> None:
    status, reply = emulator.ask(HELLO | {"tools": [{"googleSearch": {}}]})
    assert (status, reply["error"]["status"]) == (501, "UNIMPLEMENTED")
    assert "tools" in reply["error"]["message"]


def test_service_tier_is_no_field_of_vertex(emulator: Any) -> None:
    path = "/v1beta1/projects/p/locations/global/publishers/google/models/"
    status, reply, _ = emulator.send(
        f"{path}gemini-3.1-flash-lite:generateContent",
        HELLO | {"serviceTier": "flex"},
        headers={"Authorization": "Bearer any"},
    )
    assert status == 400
    assert 'Unknown name "serviceTier"' in message_of(reply)


def test_media_resolution_per_part_needs_a_beta_version(
    emulator: Any, picture: Callable[..., bytes]
) -> None:
    blob = {"mimeType": "image/jpeg", "data": base64.b64encode(picture()).decode()}
    ultra = {"level": "MEDIA_RESOLUTION_ULTRA_HIGH"}
    body = {"contents": [{"parts": [{"inlineData": blob, "mediaResolution": ultra}]}]}
    assert emulator.ask(body, version="v1beta")[0] == 200
    assert emulator.ask(body, version="v1alpha")[0] == 200
    status, reply = emulator.ask(body, version="v1")
    assert status == 400
    assert 'Unknown name "mediaResolution"' in message_of(reply)
    assert emulator.log()[0]["media_resolution"] == ["ultra_high"]


@given(st.binary(max_size=60), st.booleans(), st.booleans())
def test_either_base64_alphabet_with_or_without_padding(
    data: bytes, url_safe: bool, padded: bool
) -> None:
    text = (base64.urlsafe_b64encode if url_safe else base64.b64encode)(data).decode()
    sent = text if padded else text.rstrip("=")
    assert decode_image("Blob", {"mime_type": "image/png", "data": sent}, CALL)["data"] == data


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


@given(st.sampled_from(sorted(MESSAGES["GenerationConfig"])), st.booleans())
def test_both_spellings_of_a_field_mean_the_same(name: str, as_camel: bool) -> None:
    sent = camel(name) if as_camel else name
    if MESSAGES["GenerationConfig"][name] in {"int", "float"}:
        try:
            assert decode_image("GenerationConfig", {sent: 1}, CALL) == {name: 1}
        except Refusal as refusal:
            assert refusal.status == 501


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_whatever_comes_is_decoded_or_refused(value: Any) -> None:
    for body in (value, {"contents": value}, {"generationConfig": {"responseSchema": value}}):
        try:
            assert isinstance(decode_image("GenerateContentRequest", body, CALL), dict)
        except Refusal as refusal:
            assert refusal.status in {400, 501}
