"""Questions to request JSON, reply JSON to text and usage. Pure: no connection, no clock.

Field names are those of Google's REST reference; replies are read as raw JSON, because Google adds
fields that strict models of them reject.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tierwise.models import Model
from tierwise.records import MediaResolution, ServiceTier, Usage

WireJson = dict[str, Any]

_LEVELS = {level: f"MEDIA_RESOLUTION_{level.name}" for level in MediaResolution}

# `trafficType` as Vertex reports it; anything else is on-demand at the standard price.
_TRAFFIC = {
    "ON_DEMAND_FLEX": ServiceTier.FLEX,
    "ON_DEMAND_PRIORITY": ServiceTier.PRIORITY,
}
_TIERS = {str(tier): tier for tier in ServiceTier}


@dataclass(frozen=True, slots=True)
class InlineImage:
    """A picture to send, how many tokens it is worth, and the text that stands before it."""

    data: bytes
    mime_type: str
    media_resolution: MediaResolution
    text: str = ""


@dataclass(frozen=True, slots=True)
class NamedImage:
    """A picture in a bucket that Vertex AI reads itself, with the same beside it."""

    uri: str
    mime_type: str
    media_resolution: MediaResolution
    text: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP 200 of `generateContent`.

    `text` is empty when nothing was generated; `block_reason` is set when the prompt was refused.
    `service_tier` is what Google says it served, None when it does not say.
    """

    text: str
    finish_reason: str
    block_reason: str
    usage: Usage
    model_version: str
    service_tier: ServiceTier | None


def request_body(
    *,
    model: Model,
    text: str,
    images: Sequence[InlineImage | NamedImage],
    response_config: Mapping[str, Any],
    max_output_tokens: int,
) -> WireJson:
    """The body of `generateContent`: shared text first, then each picture after its own text.

    Media resolution stands with the pictures when they differ, which not every model takes
    (`Model.per_part_media_resolution`), and when only there it can be as high. Thinking is set to
    the least level that the model takes, for thoughts are billed as output.
    """
    levels = {image.media_resolution for image in images}
    per_part = len(levels) > 1 or MediaResolution.ULTRA_HIGH in levels
    parts: list[WireJson] = [{"text": text}] if text else []
    for image in images:
        if image.text:
            parts.append({"text": image.text})
        parts.append(_image_part(image, per_part=per_part))
    config: WireJson = {**response_config, "maxOutputTokens": max_output_tokens}
    if images and not per_part:
        config["mediaResolution"] = _LEVELS[images[0].media_resolution]
    if thinking := _least_thinking(model):
        config["thinkingConfig"] = thinking
    return {"contents": [{"role": "user", "parts": parts}], "generationConfig": config}


def read_reply(body: Mapping[str, Any], headers: Mapping[str, str]) -> Reply:
    """What a 200 says, with absent fields empty; unknown fields are ignored."""
    candidate: Mapping[str, Any] = (body.get("candidates") or [{}])[0]
    parts = (candidate.get("content") or {}).get("parts") or []
    return Reply(
        text="".join(part.get("text") or "" for part in parts if not part.get("thought")),
        finish_reason=candidate.get("finishReason") or "",
        block_reason=(body.get("promptFeedback") or {}).get("blockReason") or "",
        usage=_usage(body.get("usageMetadata") or {}),
        model_version=body.get("modelVersion") or "",
        service_tier=_served_tier(body.get("usageMetadata") or {}, headers),
    )


def _image_part(image: InlineImage | NamedImage, *, per_part: bool) -> WireJson:
    part: WireJson
    if isinstance(image, NamedImage):
        part = {"fileData": {"mimeType": image.mime_type, "fileUri": image.uri}}
    else:
        data = base64.b64encode(image.data).decode("ascii")
        part = {"inlineData": {"mimeType": image.mime_type, "data": data}}
    if per_part:
        part["mediaResolution"] = {"level": _LEVELS[image.media_resolution]}
    return part


def _least_thinking(model: Model) -> WireJson | None:
    if model.thinking_levels:
        return {"thinkingLevel": model.thinking_levels[0].upper()}
    if model.thinking_budget_off is not None:
        return {"thinkingBudget": model.thinking_budget_off}
    return None


def _usage(metadata: Mapping[str, Any]) -> Usage:
    details = metadata.get("promptTokensDetails") or []
    image = sum(d.get("tokenCount") or 0 for d in details if d.get("modality") == "IMAGE")
    return Usage(
        input_tokens=metadata.get("promptTokenCount") or 0,
        image_tokens=image,
        cached_tokens=metadata.get("cachedContentTokenCount") or 0,
        output_tokens=metadata.get("candidatesTokenCount") or 0,
        thought_tokens=metadata.get("thoughtsTokenCount") or 0,
    )


def _served_tier(metadata: Mapping[str, Any], headers: Mapping[str, str]) -> ServiceTier | None:
    traffic = metadata.get("trafficType")
    if traffic:
        return _TRAFFIC.get(traffic, ServiceTier.STANDARD)
    named = headers.get("x-gemini-service-tier") or metadata.get("serviceTier") or ""
    # A word that we do not know says nothing, and must not cost an answer that is paid.
    return _TIERS.get(str(named).lower())
