"""Asks that go together, as one request body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gemini_api.settle import Ask
from gemini_api.wire import InlineImage, Json, request_body
from tierwise.answer_types import packed_output_tokens
from tierwise.models import find_model
from tierwise.questions import request_texts


@dataclass(frozen=True, slots=True)
class Composed:
    """A request body, the texts in it and its output limit, for estimates of what it may cost."""

    body: Json
    texts: tuple[str, ...]
    max_output_tokens: int


def compose(asks: Sequence[Ask]) -> Composed:
    """One request for images that are asked the same task."""
    first = asks[0]
    answer = first.task.answer
    texts = request_texts([ask.prompt for ask in asks])
    limit = packed_output_tokens(first.max_output_tokens, len(asks))
    config = (
        answer.response_config() if len(asks) == 1 else answer.packed_response_config(len(asks))
    )
    body = request_body(
        model=find_model(first.route.model),
        text=texts.opening,
        images=[
            InlineImage(ask.picture.data, ask.picture.mime_type, own)
            for ask, own in zip(asks, texts.before_images, strict=True)
            if ask.picture
        ],
        media_resolution=first.route.media_resolution,
        response_config=config,
        max_output_tokens=limit,
    )
    return Composed(body, (texts.opening, *texts.before_images), limit)
