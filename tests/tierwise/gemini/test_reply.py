"""Replies as Google writes them, and as it might."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.gemini.finish import finish_of
from tierwise.gemini.reply import Reply, read_reply
from tierwise.records import ServiceTier, Usage

WHOLE: dict[str, Any] = {
    "candidates": [
        {
            "content": {"parts": [{"text": "hm", "thought": True}, {"text": "a"}, {"text": "b"}]},
            "finishReason": "STOP",
            "tomorrow": 1,
        }
    ],
    "usageMetadata": {
        "promptTokenCount": 300,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 20},
            {"modality": "IMAGE", "tokenCount": 266},
            {"modality": "IMAGE", "tokenCount": 14},
        ],
        "cachedContentTokenCount": 7,
        "candidatesTokenCount": 5,
        "thoughtsTokenCount": 3,
        "serviceTier": "flex",
    },
    "modelVersion": "m-001",
}


def test_a_whole_reply() -> None:
    usage = Usage(300, 280, 7, 5, 3)
    assert read_reply(WHOLE, {}) == Reply("ab", "STOP", "", usage, "m-001", ServiceTier.FLEX)


def test_a_blocked_prompt() -> None:
    reply = read_reply({"promptFeedback": {"blockReason": "SAFETY"}}, {})
    assert (reply.block_reason, reply.text, reply.finish_reason) == ("SAFETY", "", "")
    assert reply.service_tier is None


@pytest.mark.parametrize(
    ("metadata", "headers", "tier"),
    [
        ({"trafficType": "ON_DEMAND_FLEX"}, {}, ServiceTier.FLEX),
        ({"trafficType": "ON_DEMAND_PRIORITY"}, {}, ServiceTier.PRIORITY),
        ({"trafficType": "ON_DEMAND"}, {}, ServiceTier.STANDARD),
        ({"trafficType": "ON_DEMAND_OFFPEAK"}, {}, ServiceTier.STANDARD),
        ({"serviceTier": "flex"}, {"x-gemini-service-tier": "standard"}, ServiceTier.STANDARD),
        ({}, {"x-gemini-service-tier": "PRIORITY"}, ServiceTier.PRIORITY),
        ({}, {"x-gemini-service-tier": "a new one"}, None),
    ],
)
def test_the_served_tier(
    metadata: dict[str, str], headers: dict[str, str], tier: ServiceTier | None
) -> None:
    assert read_reply({"usageMetadata": metadata}, headers).service_tier is tier


@given(st.data())
def test_what_is_absent_or_null_is_empty(data: st.DataObject) -> None:
    """Google leaves out what is zero, and a proxy may write null."""

    def thinned(value: Any) -> Any:
        if isinstance(value, dict):
            kept = {k: thinned(v) for k, v in value.items() if data.draw(st.booleans())}
            return {k: None if data.draw(st.booleans()) else v for k, v in kept.items()}
        return [thinned(v) for v in value] if isinstance(value, list) else value

    reply = read_reply(thinned(WHOLE), {})
    assert reply.text in ("", "a", "b", "ab", "hm", "hma", "hmb", "hmab")
    assert reply.usage.input_tokens in (0, 300)
    assert reply.tells_usage == (reply.usage.input_tokens == 300)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["300", "-1", 10**30, 2**31, 1e308, "STOP", "flex", "IMAGE"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below),
    max_leaves=8,
)


def places(value: Any) -> list[tuple[Any, ...]]:
    """The way to everything that stands in a document."""
    below = value.items() if isinstance(value, dict) else enumerate(value)
    found: list[tuple[Any, ...]] = []
    for key, one in below:
        inner = places(one) if isinstance(one, dict | list) else []
        found += [(key,), *((key, *rest) for rest in inner)]
    return found


def with_other(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = with_other(copy[path[0]], path[1:], other)
    return copy


@given(st.sampled_from(places(WHOLE)), JSON)
def test_whatever_stands_in_a_place_is_read(path: tuple[Any, ...], other: Any) -> None:
    reply = read_reply(with_other(WHOLE, path, other), {})
    assert isinstance(reply.text, str)
    assert isinstance(reply.finish_reason, str)
    usage = reply.usage
    assert 0 <= usage.cached_tokens <= usage.input_tokens < 2**31
    assert 0 <= usage.image_tokens <= usage.input_tokens
    assert reply.tells_usage == (usage.input_tokens > 0)
    finish_of(reply)


@given(JSON, st.dictionaries(st.text(max_size=8), st.text(max_size=8)))
def test_whatever_an_object_holds_is_read(body: Any, headers: dict[str, str]) -> None:
    read_reply(body if isinstance(body, dict) else {"candidates": body}, headers)


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"promptTokenCount": 0},
        {"promptTokenCount": "many"},
        {"promptTokenCount": -300},
        {"promptTokenCount": 10**12},
        {"promptTokenCount": 300, "candidatesTokenCount": "5 tokens"},
        {"promptTokenCount": 300, "cachedContentTokenCount": 301},
        {"candidatesTokenCount": 5},
    ],
)
def test_a_count_that_cannot_be_is_no_usage(metadata: dict[str, Any]) -> None:
    reply = read_reply({**WHOLE, "usageMetadata": metadata}, {})
    assert (reply.tells_usage, reply.usage, reply.text) == (False, Usage(), "ab")


def test_protocol_buffers_may_write_numbers_as_text() -> None:
    metadata = {"promptTokenCount": "300", "candidatesTokenCount": 5.0}
    reply = read_reply({"usageMetadata": metadata}, {})
    assert (reply.tells_usage, reply.usage) == (True, Usage(300, 0, 0, 5, 0))
