"""From a request and its looks to a reply: text, finish reason, tokens."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tierwise.emulator.answers import Filler
from tierwise.emulator.faults import Fault
from tierwise.emulator.known import KnownPictures
from tierwise.emulator.looks import Look, look_at
from tierwise.emulator.packs import CHECK_FIELD, MISPLACED, disarranged, misplaced, number_field
from tierwise.emulator.refusals import Refusal
from tierwise.emulator.request import GeminiRequest, SentPicture
from tierwise.emulator.schemas import ResponseSchema
from tierwise.emulator.sight import Seen
from tierwise.emulator.thoughts import thought_tokens
from tierwise.emulator.views import SeenPicture
from tierwise.records import Usage
from tierwise.tiers import image_tokens, text_tokens

_CHARACTERS_PER_TOKEN = 4
# The first string in a list of strings, none where that is empty.
_FIRST_OF_LIST = re.compile(r'\[("(?:[^"\\]|\\.)*"|(?=\]))')


@dataclass(frozen=True, slots=True)
class ModelOutcome:
    """What the model made of a request; without a finish reason the prompt was blocked."""

    usage: Usage
    text: str = ""
    finish_reason: str = ""
    block_reason: str = ""


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
    total = text_tokens(asked.text) + of_images
    if total > asked.model.context_tokens:
        raise Refusal(
            400,
            f"The input token count ({total}) exceeds the maximum number of tokens allowed "
            f"({asked.model.context_tokens}).",
        )
    return Usage(input_tokens=total, image_tokens=of_images)


def outcome(
    asked: GeminiRequest,
    views: Sequence[SeenPicture],
    known: KnownPictures | None,
    fault: Fault | None,
) -> ModelOutcome:
    """The reply to a request under a fault of the model's own, if any."""
    prompt = prompt_usage(asked, views)
    kind = fault.kind if fault else ""
    if fault and kind == "blocked_prompt":
        return ModelOutcome(prompt, block_reason=fault.settings["block_reason"])
    whole = _text(asked, views, known, fault)
    limit = asked.settings.max_output_tokens
    thoughts = min(thought_tokens(asked), limit)
    text = _cut(whole, limit - thoughts)
    finish_reason = "STOP" if text == whole else "MAX_TOKENS"
    if kind == "truncated_json":
        text = whole[: len(whole) // 2]
    if kind == "max_tokens":
        text, finish_reason = whole[: len(whole) // 2], "MAX_TOKENS"
    if kind == "repeated_label":
        text, finish_reason = _cut(_endless(whole, limit), limit - thoughts), "MAX_TOKENS"
    if kind == "empty_stop":
        text, finish_reason = "", "STOP"
    written = Usage(output_tokens=text_tokens(text), thought_tokens=thoughts)
    if fault and kind == "blocked_answer":
        return ModelOutcome(prompt + written, "", fault.settings["finish_reason"])
    return ModelOutcome(prompt + written, text, finish_reason)


def _endless(whole: str, tokens: int) -> str:
    """The reply as far as its first list has one label, which it then repeats and repeats."""
    found = _FIRST_OF_LIST.search(whole)
    if found is None:
        return whole
    label = found[1] or '"none"'
    times = 1 + _CHARACTERS_PER_TOKEN * tokens // len(label)
    return whole[: found.start(1)] + ", ".join([label] * times)


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
) -> str:
    schema, field = asked.settings.schema, number_field(asked.settings.schema)
    if schema is not None and field is not None:
        items = _items(_images(asked, views, schema), asked, known, fault, field)
        return json.dumps(items, ensure_ascii=False)
    looks = [look for view in views for look in view.looks] or [_imagined(asked.text)]
    outside = _is_outside(fault, asked.pictures)
    answerer = Filler(looks, asked.question, known, outside, asked.labels)
    if schema is None:
        return answerer.text()
    value = answerer.value(schema)
    return str(value) if asked.settings.bare_enum else json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class _Image:
    """An image that a pack asks about: its number, its look, and the picture that it is on."""

    number: int
    look: Look
    picture: SentPicture | None = None


def _images(
    asked: GeminiRequest, views: Sequence[SeenPicture], schema: ResponseSchema
) -> list[_Image]:
    if not views:
        numbers = range(1, int(schema.get("minItems") or 1) + 1)
        return [_Image(number, _imagined(f"{number - 1} {asked.text}")) for number in numbers]
    return [
        _Image(number, look, picture)
        for picture, view in zip(asked.pictures, views, strict=True)
        for number, look in zip(picture.numbers, view.looks, strict=True)
    ]


def _items(
    images: Sequence[_Image],
    asked: GeminiRequest,
    known: KnownPictures | None,
    fault: Fault | None,
    field: str,
) -> list[Any]:
    schema = asked.settings.schema or {}
    items = []
    for image in images:
        outside = _is_outside(fault, [image.picture] if image.picture else [])
        answerer = Filler([image.look], asked.question, known, outside, asked.labels)
        item = answerer.value(schema["items"])
        item[field] = image.number
        if image.picture and image.picture.word and CHECK_FIELD in item:
            item[CHECK_FIELD] = image.picture.word
        items.append(item)
    if fault and fault.kind == "wrong_items":
        position = _position(images, asked, fault)
        return disarranged(items, fault.settings["how"], position, field)
    if fault and fault.kind in MISPLACED:
        return misplaced(items, fault.kind, _position(images, asked, fault), field)
    return items


def _is_outside(fault: Fault | None, pictures: Sequence[SentPicture]) -> bool:
    """Whether the answer about these pictures is to be one that the labels do not allow."""
    if fault is None or fault.kind != "outside_labels":
        return False
    return not fault.sha256 or any(picture.sha256 in fault.sha256 for picture in pictures)


def _position(images: Sequence[_Image], asked: GeminiRequest, fault: Fault) -> int:
    """The item that goes wrong: one of the picture that the fault names, else by the request."""
    pictures = [image.picture.sha256 if image.picture else "" for image in images]
    named = (position for position, one in enumerate(pictures) if one in fault.sha256)
    return next(named, asked.digest[1] % max(1, len(images)))


def _imagined(text: str) -> Look:
    """A look for a question without a picture, the same for the same text."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    tints = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return look_at(Seen(64, 64, tints.repeat(16, axis=0).repeat(16, axis=1)))
