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
_LONGEST_MESSAGE = 500
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP 200 of `generateContent`.

    `text` is empty when nothing was generated; `block_reason` is set when the prompt was refused.
    `picture` is the last one that is no thought, in base64, empty where none came; models may think
    in pictures and draw several. `finish_message` says in words why it stopped, where Google does.
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
    picture: str = ""
    finish_message: str = ""


def read_reply(body: Mapping[str, Any], headers: Mapping[str, str]) -> Reply:
    """What a 200 says, with absent fields empty; unknown fields are ignored."""
    candidate = next(_objects(body.get("candidates")), _NOTHING)
    parts = _objects(_object(candidate.get("content")).get("parts"))
    said = [part for part in parts if not part.get("thought")]
    pictures = list(filter(None, map(_picture, said)))
    metadata = _object(body.get("usageMetadata"))
    usage = _usage(metadata, draws=bool(pictures))
    return Reply(
        text="".join(_text(part.get("text")) for part in said),
        finish_reason=_name(candidate.get("finishReason")),
        block_reason=_name(_object(body.get("promptFeedback")).get("blockReason")),
        usage=usage or Usage(),
        model_version=_name(body.get("modelVersion")),
        service_tier=_served_tier(metadata, headers),
        tells_usage=usage is not None,
        picture=pictures[-1] if pictures else "",
        finish_message=_text(candidate.get("finishMessage"))[:_LONGEST_MESSAGE],
    )


def _picture(part: Mapping[str, Any]) -> str:
    """The bytes of a part in base64; what they are, its mime type need not say rightly."""
    return _text(_object(part.get("inlineData")).get("data"))


def _usage(metadata: Mapping[str, Any], *, draws: bool) -> Usage | None:
    """What is billed; None unless every count that is there can be one.

    Where a reply `draws` and does not tell pictures from words, all of it counts as picture, which
    costs more.
    """
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
    drawn = _drawn_tokens(metadata, output, draws=draws)
    if drawn is None:
        return None
    return Usage(prompt, pictures, cached, output, thoughts, drawn)


def _drawn_tokens(metadata: Mapping[str, Any], output: int, *, draws: bool) -> int | None:
    """Those of the output that are pictures; None where the counts cannot be true of each other."""
    details = list(_objects(metadata.get("candidatesTokensDetails")))
    if not details:
        return output if draws else 0
    counts = [_count(d.get("tokenCount")) for d in details if d.get("modality") == "IMAGE"]
    if None in counts or (drawn := sum(filter(None, counts))) > output:
        return None
    return drawn


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
