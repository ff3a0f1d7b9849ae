"""Asks that go together, as one request body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from gemini_api.settle import RAISED_LIMIT, Ask
from gemini_api.thoughts import thought_allowance
from gemini_api.wire import InlineImage, Json, request_body
from tierwise.models import find_model
from tierwise.questions import RequestTexts, group_texts, request_texts

_SCHEMAS = ("responseSchema", "responseJsonSchema")


@dataclass(frozen=True, slots=True)
class Composed:
    """A request body and the texts in it, for the account."""

    body: Json
    texts: tuple[str, ...]


def compose(asks: Sequence[Ask]) -> Composed:
    """One request for images that are asked the same task, each by itself or all together."""
    first = asks[0]
    texts = _texts(asks)
    body = request_body(
        model=find_model(first.route.model),
        text=texts.opening,
        images=[
            InlineImage(ask.picture.data, ask.picture.mime_type, ask.route.media_resolution, own)
            for ask, own in zip(asks, texts.before_images, strict=True)
            if ask.picture
        ],
        response_config=_response_config(asks),
        max_output_tokens=output_limit(asks),
    )
    return Composed(body, (texts.opening, *texts.before_images))


def most_text_tokens(asks: Sequence[Ask]) -> int:
    """An upper bound of a request's input tokens beside the images'.

    No tokenizer makes more tokens of a text than it has bytes of UTF-8. The response schema is
    input as well (ai.google.dev/gemini-api/docs/structured-output).
    """
    texts, config = _texts(asks), _response_config(asks)
    schemas = [orjson.dumps(config[name]) for name in _SCHEMAS if name in config]
    written = (texts.opening, *texts.before_images)
    return sum(map(len, schemas)) + sum(len(text.encode()) for text in written)


def may_share(one: Ask, other: Ask) -> bool:
    """Whether two questions of one task may go in one request."""
    same = one.route.media_resolution == other.route.media_resolution
    return same or find_model(one.route.model).per_part_media_resolution


def output_limit(asks: Sequence[Ask]) -> int:
    """`maxOutputTokens`: what the replies may take and room for thoughts, as the model allows."""
    task, model = asks[0].task, find_model(asks[0].route.model)
    answers = task.answers_in_request(len(asks))
    wanted = task.output_limit(answers) + thought_allowance(model, answers)
    factor = RAISED_LIMIT if asks[0].limit_raised else 1
    return min(wanted * factor, model.max_output_tokens)


def _texts(asks: Sequence[Ask]) -> RequestTexts:
    if asks[0].task.per:
        return group_texts(asks[0].prompt, len(asks))
    return request_texts([ask.prompt for ask in asks])


def _response_config(asks: Sequence[Ask]) -> Json:
    task = asks[0].task
    return task.response_config(task.answers_in_request(len(asks)))
