"""From a request and its looks to a reply: text, finish reason, tokens."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gemini_api.emulator.answers import Answerer
from gemini_api.emulator.asked import Asked, Picture
from gemini_api.emulator.faults import Fault
from gemini_api.emulator.known import KnownPictures
from gemini_api.emulator.looks import Look, look_at
from gemini_api.emulator.packs import disarranged, number_field
from gemini_api.emulator.refusals import Refusal
from gemini_api.emulator.sight import Seen
from gemini_api.emulator.thoughts import thought_tokens
from tierwise.records import Usage
from tierwise.tiers import image_tokens, text_tokens

_CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the model made of a request; without a finish reason the prompt was blocked."""

    usage: Usage
    text: str = ""
    finish_reason: str = ""
    block_reason: str = ""


def prompt_usage(asked: Asked, looks: Sequence[Look]) -> Usage:
    """The tokens of the prompt.

    Raises:
      Refusal: 400, they are more than the model takes.
    """
    of_images = sum(
        image_tokens(
            asked.model.name, p.media_resolution, look.width, look.height, vertex=asked.call.vertex
        )
        for p, look in zip(asked.pictures, looks, strict=True)
    )
    total = text_tokens(asked.text) + of_images
    if total > asked.model.context_tokens:
        raise Refusal(
            400,
            f"The input token count ({total}) exceeds the maximum number of tokens allowed "
            f"({asked.model.context_tokens}).",
        )
    return Usage(input_tokens=total, image_tokens=of_images)


def outcome(
    asked: Asked, looks: Sequence[Look], known: KnownPictures | None, fault: Fault | None
) -> Outcome:
    """The reply to a request under a fault of the model's own, if any."""
    prompt = prompt_usage(asked, looks)
    kind = fault.kind if fault else ""
    if fault and kind == "blocked_prompt":
        return Outcome(prompt, block_reason=fault.settings["block_reason"])
    whole = _text(asked, looks, known, fault)
    limit = asked.settings.max_output_tokens
    thoughts = min(thought_tokens(asked), limit)
    text = _cut(whole, limit - thoughts)
    finish_reason = "STOP" if text == whole else "MAX_TOKENS"
    if kind == "truncated_json":
        text = whole[: len(whole) // 2]
    if kind == "max_tokens":
        text, finish_reason = whole[: len(whole) // 2], "MAX_TOKENS"
    written = Usage(output_tokens=text_tokens(text), thought_tokens=thoughts)
    if fault and kind == "blocked_answer":
        return Outcome(prompt + written, "", fault.settings["finish_reason"])
    return Outcome(prompt + written, text, finish_reason)


def _cut(text: str, tokens: int) -> str:
    """The longest beginning of `text` that fits into `tokens`, by whole tokens."""
    cut = text[: max(0, tokens) * _CHARACTERS_PER_TOKEN]
    while text_tokens(cut) > max(0, tokens):
        cut = cut[:-1]
    return cut


def _text(
    asked: Asked, looks: Sequence[Look], known: KnownPictures | None, fault: Fault | None
) -> str:
    schema, field = asked.settings.schema, number_field(asked.settings.schema)
    if schema is not None and field is not None:
        return json.dumps(_items(asked, looks, known, fault, field), ensure_ascii=False)
    looks = looks or [_imagined(asked.text)]
    answerer = Answerer(looks, asked.question, known, _is_outside(fault, asked.pictures))
    if schema is None:
        return answerer.text()
    value = answerer.value(schema)
    return str(value) if asked.settings.bare_enum else json.dumps(value, ensure_ascii=False)


def _items(
    asked: Asked,
    looks: Sequence[Look],
    known: KnownPictures | None,
    fault: Fault | None,
    field: str,
) -> list[Any]:
    schema = asked.settings.schema or {}
    if not looks:
        looks = [_imagined(f"{i} {asked.text}") for i in range(int(schema.get("minItems") or 1))]
    numbers = [picture.number for picture in asked.pictures] or range(1, len(looks) + 1)
    items = []
    for position, (look, number) in enumerate(zip(looks, numbers, strict=True)):
        outside = _is_outside(fault, asked.pictures[position : position + 1])
        item = Answerer([look], asked.question, known, outside).value(schema["items"])
        items.append({name: number if name == field else item[name] for name in item})
    if fault and fault.kind == "wrong_items":
        return disarranged(items, fault.settings["how"], _position(asked, fault), field)
    return items


def _is_outside(fault: Fault | None, pictures: Sequence[Picture]) -> bool:
    """Whether the answer about these pictures is to be one that the labels do not allow."""
    if fault is None or fault.kind != "outside_labels":
        return False
    return not fault.sha256 or any(picture.sha256 in fault.sha256 for picture in pictures)


def _position(asked: Asked, fault: Fault) -> int:
    """The item that goes wrong: the picture's that the fault names, else one by the request."""
    named = [i for i, picture in enumerate(asked.pictures) if picture.sha256 in fault.sha256]
    return named[0] if named else asked.digest[1] % max(1, len(asked.pictures))


def _imagined(text: str) -> Look:
    """A look for a question without a picture, the same for the same text."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    tints = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return look_at(Seen(64, 64, tints.repeat(16, axis=0).repeat(16, axis=1)))
