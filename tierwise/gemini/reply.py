"""Reply JSON to text, reasons and usage. Pure, and total: whatever stands there, it is read.

Replies are read as raw JSON, because Google adds fields that strict models of them reject. What has
another type than Google's is taken as absent. Numbers are told apart with care, for they are money:
where a count cannot be read, nothing is known of what the reply cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.records import ServiceTier, Usage

# `trafficType` as Vertex reports it; anything else is on-demand at the standard price.
_TRAFFIC = {
    "ON_DEMAND_FLEX": ServiceTier.FLEX,
    "ON_DEMAND_PRIORITY": ServiceTier.PRIORITY,
}
_TIERS = {str(tier): tier for tier in ServiceTier}
# Token counts are 32-bit integers in Google's reference.
_MOST_TOKENS = 2**31 - 1
_LONGEST_NAME = 200
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP 200 of `generateContent`.

    `text` is empty when nothing was generated; `block_reason` is set when the prompt was refused.
    `service_tier` is what Google says it served, None when it does not say. `tells_usage` says
    whether it tells what is billed; `usage` is nothing where it does not.
    """

    text: str
    finish_reason: str
    block_reason: str
    usage: Usage
    model_version: str
    service_tier: ServiceTier | None
    tells_usage: bool = True


def read_reply(body: Mapping[str, Any], headers: Mapping[str, str]) -> Reply:
    """What a 200 says, with absent fields empty; unknown fields are ignored."""
    candidate = next(_objects(body.get("candidates")), _NOTHING)
    parts = _objects(_object(candidate.get("content")).get("parts"))
    metadata = _object(body.get("usageMetadata"))
    usage = _usage(metadata)
    return Reply(
        text="".join(_text(part.get("text")) for part in parts if not part.get("thought")),
        finish_reason=_name(candidate.get("finishReason")),
        block_reason=_name(_object(body.get("promptFeedback")).get("blockReason")),
        usage=usage or Usage(),
        model_version=_name(body.get("modelVersion")),
        service_tier=_served_tier(metadata, headers),
        tells_usage=usage is not None,
    )


def _usage(metadata: Mapping[str, Any]) -> Usage | None:
    """What is billed; None unless every count that is there can be one."""
    details = list(_objects(metadata.get("promptTokensDetails")))
    image = [_count(d.get("tokenCount")) for d in details if d.get("modality") == "IMAGE"]
    prompt, cached, output, thoughts = (
        _count(metadata.get(name))
        for name in (
            *("promptTokenCount", "cachedContentTokenCount"),
            *("candidatesTokenCount", "thoughtsTokenCount"),
        )
    )
    if not prompt or cached is None or output is None or thoughts is None or cached > prompt:
        return None
    # These are a part of the prompt, told for people: they change no price.
    pictures = min(prompt, sum(count or 0 for count in image))
    return Usage(prompt, pictures, cached, output, thoughts)


def _count(value: Any) -> int | None:
    """A number of tokens, which protocol buffers may write as a text; None for anything else.

    >>> _count("300"), _count(None), _count(-1)
    (300, 0, None)
    """
    if value is None:
        return 0
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    countable = isinstance(value, int) and not isinstance(value, bool)
    return value if countable and 0 <= value <= _MOST_TOKENS else None


def _served_tier(metadata: Mapping[str, Any], headers: Mapping[str, str]) -> ServiceTier | None:
    if traffic := _name(metadata.get("trafficType")):
        return _TRAFFIC.get(traffic, ServiceTier.STANDARD)
    named = headers.get("x-gemini-service-tier") or _name(metadata.get("serviceTier"))
    # A word that we do not know says nothing, and must not cost an answer that is paid.
    return _TIERS.get(named.lower())


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else _NOTHING


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    items = value if isinstance(value, list) else ()
    return (item for item in items if isinstance(item, Mapping))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _name(value: Any) -> str:
    """A word of Google's. What is no text is shown as it stands, for it is not what is expected."""
    return "" if value is None else str(value)[:_LONGEST_NAME]
