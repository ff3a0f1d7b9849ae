"""Replies as Google writes them, and as it might."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.gemini.wire import Reply, read_reply
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
