"""From a request and its looks to a reply: text, finish reason, tokens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tierwise.drawing_models import most_references
from tierwise.emulator.answers import Filler
from tierwise.emulator.asked_images import (
    AskedImage,
    images_of,
    is_outside,
    looks_of,
    place_of,
)
from tierwise.emulator.degenerate import degenerate
from tierwise.emulator.faults import Fault
from tierwise.emulator.joint_answers import joint_text
from tierwise.emulator.known import KnownPictures
from tierwise.emulator.packs import CHECK_FIELD, MISPLACED, disarranged, misplaced, number_field
from tierwise.emulator.refusals import Refusal
from tierwise.emulator.repeating import endless
from tierwise.emulator.request import GeminiRequest
from tierwise.emulator.sight import upright_size
from tierwise.emulator.thoughts import thought_tokens
from tierwise.emulator.views import SeenPicture
from tierwise.records import Usage
from tierwise.tiers import image_tokens, text_tokens

_CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class ModelOutcome:
    """What the model made of a request; without a finish reason the prompt was blocked.

    `pictures` come before the text, each a part as it is sent. Without `told_apart`, the usage does
    not say which of its tokens are pictures.
    """

    usage: Usage
    text: str = ""
    finish_reason: str = ""
    block_reason: str = ""
    finish_message: str = ""
    pictures: tuple[dict[str, Any], ...] = ()
    told_apart: bool = True


def prompt_usage(asked: GeminiRequest, views: Sequence[SeenPicture]) -> Usage:
    """The tokens of the prompt.

    Raises:
      Refusal: 400, they are more than the model takes.
    """
    of_images = sum(
        image_tokens(
            asked.model.name, p.media_resolution, view.width, view.height, vertex=asked.call.vertex
        )
        for p, view in zip(asked.pictures, views, strict=True)
    )
    of_images += sum(
        image_tokens(
            asked.model.name, p.media_resolution, *upright_size(p.data), vertex=asked.call.vertex
        )
        for p in asked.examples
    )
    if asked.settings.drawn_size:
        _check_references(asked)
    total = text_tokens(asked.whole_text) + of_images
    if total > asked.model.context_tokens:
        raise Refusal(
            400,
            f"The input token count ({total}) exceeds the maximum number of tokens allowed "
            f"({asked.model.context_tokens}).",
        )
    return Usage(total, of_images, cached_tokens=asked.cached_tokens)


def _check_references(asked: GeminiRequest) -> None:
    most = most_references(asked.model.name)
    if len(asked.pictures) > most:
        raise Refusal(400, f"{asked.model.name} draws by at most {most} pictures.")


def outcome(
    asked: GeminiRequest,
    views: Sequence[SeenPicture],
    known: KnownPictures | None,
    fault: Fault | None,
    interference: float = 0.0,
) -> ModelOutcome:
    """The reply to a request under a fault of the model's own, if any.

    `interference` is the share of labels that each other question of a joint request spoils.
    """
    prompt = prompt_usage(asked, views)
    kind = fault.kind if fault else ""
    if fault and kind == "blocked_prompt":
        return ModelOutcome(prompt, block_reason=fault.settings["block_reason"])
    whole = asked.echo.wrapped(_text(asked, views, known, fault, interference))
    if asked.loses_schema:
        whole = degenerate(whole)
    limit = asked.settings.max_output_tokens
    thoughts = min(thought_tokens(asked), limit)
    text = _cut(whole, limit - thoughts)
    finish_reason = "STOP" if text == whole else "MAX_TOKENS"
    if kind == "truncated_json":
        text = whole[: len(whole) // 2]
    if kind == "max_tokens":
        text, finish_reason = whole[: len(whole) // 2], "MAX_TOKENS"
    if kind == "repeated_label":
        unending = whole if asked.joint else endless(whole, limit)
        text, finish_reason = _cut(unending, limit - thoughts), "MAX_TOKENS"
    if kind == "empty_stop":
        text, finish_reason = "", "STOP"
    written = Usage(output_tokens=text_tokens(text), thought_tokens=thoughts)
    if fault and kind == "blocked_answer":
        return ModelOutcome(prompt + written, "", fault.settings["finish_reason"])
    return ModelOutcome(prompt + written, text, finish_reason)


def _cut(text: str, tokens: int) -> str:
    """The longest beginning of `text` that fits into `tokens`, by whole tokens."""
    cut = text[: max(0, tokens) * _CHARACTERS_PER_TOKEN]
    while text_tokens(cut) > max(0, tokens):
        cut = cut[:-1]
    return cut


def _text(
    asked: GeminiRequest,
    views: Sequence[SeenPicture],
    known: KnownPictures | None,
    fault: Fault | None,
    interference: float,
) -> str:
    if asked.joint:
        return joint_text(asked, asked.joint, views, known, fault, interference=interference)
    schema, field = asked.settings.schema, number_field(asked.settings.schema)
    if schema is not None and field is not None:
        items = _items(images_of(asked, views), asked, known, fault, field)
        return json.dumps(items, ensure_ascii=False)
    looks = looks_of(asked, views)
    outside = is_outside(fault, asked.pictures)
    answerer = Filler(looks, asked.question, known, outside, asked.labels)
    if schema is None:
        return answerer.text()
    value = answerer.value(schema)
    return str(value) if asked.settings.bare_enum else json.dumps(value, ensure_ascii=False)


def _items(
    images: Sequence[AskedImage],
    asked: GeminiRequest,
    known: KnownPictures | None,
    fault: Fault | None,
    field: str,
) -> list[Any]:
    schema = asked.settings.schema or {}
    items = []
    for image in images:
        outside = is_outside(fault, [image.picture] if image.picture else [])
        answerer = Filler([image.look], asked.question, known, outside, asked.labels)
        item = answerer.value(schema["items"])
        item[field] = image.number
        if image.picture and image.picture.word and CHECK_FIELD in item:
            item[CHECK_FIELD] = image.picture.word
        items.append(item)
    if fault and fault.kind == "wrong_items":
        position = place_of(images, asked, fault)
        return disarranged(items, fault.settings["how"], position, field)
    if fault and fault.kind in MISPLACED:
        return misplaced(items, fault.kind, place_of(images, asked, fault), field)
    return items
