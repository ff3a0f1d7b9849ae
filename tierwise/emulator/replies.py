"""Outcomes as the JSON documents that the service sends."""

from __future__ import annotations

import base64
from typing import Any

from tierwise.emulator.outcomes import ModelOutcome
from tierwise.emulator.request import GeminiRequest
from tierwise.records import ServiceTier, Usage

_TRAFFIC = {
    ServiceTier.STANDARD: "ON_DEMAND",
    ServiceTier.FLEX: "ON_DEMAND_FLEX",
    ServiceTier.PRIORITY: "ON_DEMAND_PRIORITY",
    ServiceTier.BATCH: "ON_DEMAND",  # the documented example of a row has none
}


def generated(
    asked: GeminiRequest, outcome: ModelOutcome, number: int, version: str
) -> dict[str, Any]:
    """A `GenerateContentResponse`; `number` is the request's, for a response id of its own.

    `version` is what it says of the model that answered.
    """
    reply: dict[str, Any] = {}
    if outcome.finish_reason:
        reply["candidates"] = [_candidate(asked, outcome)]
    if outcome.block_reason:
        reply["promptFeedback"] = {"blockReason": outcome.block_reason}
    reply["usageMetadata"] = _usage(asked, outcome.usage, told_apart=outcome.told_apart)
    reply["modelVersion"] = version
    name = asked.digest[:9] + number.to_bytes(6, "big")
    reply["responseId"] = base64.urlsafe_b64encode(name).decode()
    return reply


def usage_counted(asked: GeminiRequest, usage: Usage) -> dict[str, Any]:
    """A `CountTokensResponse`."""
    reply = {"totalTokens": usage.input_tokens, "promptTokensDetails": _details(usage)}
    if asked.call.vertex:
        reply["totalBillableCharacters"] = sum(not sign.isspace() for sign in asked.whole_text)
    return reply


def _candidate(asked: GeminiRequest, outcome: ModelOutcome) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    if asked.settings.include_thoughts and outcome.usage.thought_tokens:
        parts.append({"text": "Emulated thoughts about the picture.", "thought": True})
    parts += outcome.pictures
    if outcome.text:
        parts.append({"text": outcome.text})
    content: dict[str, Any] = {"role": "model"}
    if parts:
        content["parts"] = parts
    said = {"finishMessage": outcome.finish_message} if outcome.finish_message else {}
    return {"content": content, "finishReason": outcome.finish_reason, **said, "index": 0}


def _usage(asked: GeminiRequest, usage: Usage, *, told_apart: bool) -> dict[str, Any]:
    counts: dict[str, Any] = {"promptTokenCount": usage.input_tokens}
    if usage.output_tokens:
        counts["candidatesTokenCount"] = usage.output_tokens
    counts["totalTokenCount"] = usage.input_tokens + usage.output_tokens + usage.thought_tokens
    counts["promptTokensDetails"] = _details(usage)
    if usage.drawn_tokens and told_apart:
        counts["candidatesTokensDetails"] = [
            {"modality": "IMAGE", "tokenCount": usage.drawn_tokens}
        ]
    if usage.cached_tokens:
        counts["cachedContentTokenCount"] = usage.cached_tokens
        counts["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": usage.cached_tokens}]
    if usage.thought_tokens:
        counts["thoughtsTokenCount"] = usage.thought_tokens
    if asked.call.vertex:
        counts["trafficType"] = _TRAFFIC[asked.service_tier]
    elif asked.service_tier is not ServiceTier.BATCH:  # of which the field knows nothing
        counts["serviceTier"] = asked.service_tier.value
    return counts


def _details(usage: Usage) -> list[dict[str, Any]]:
    text = usage.input_tokens - usage.image_tokens
    details = [{"modality": "TEXT", "tokenCount": text}]
    if usage.image_tokens:
        details.append({"modality": "IMAGE", "tokenCount": usage.image_tokens})
    return details
