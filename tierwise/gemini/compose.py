"""Asks that go together, as one request body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from tierwise.gemini.settle import RAISED_LIMIT, Ask, checks_of, form_of
from tierwise.gemini.sheets import by_picture
from tierwise.gemini.thoughts import thought_allowance
from tierwise.gemini.wire import InlineImage, NamedImage, WireJson, request_body
from tierwise.images.contact_sheet import ContactSheet
from tierwise.models import find_model
from tierwise.records import MediaResolution, split
from tierwise.wording import RequestTexts, group_texts, request_texts

PackKind = tuple[MediaResolution | None, bool]

_SCHEMAS = ("responseSchema", "responseJsonSchema")


@dataclass(frozen=True, slots=True)
class RequestParts:
    """A request body, and for the account the texts in it and each image's part of its pictures.

    `sent_bytes` of an image on a contact sheet is its share of the sheet.
    """

    body: WireJson
    texts: tuple[str, ...]
    sent_bytes: tuple[int, ...]


def compose(asks: Sequence[Ask], sheets: Sequence[ContactSheet] = ()) -> RequestParts:
    """One request for images that are asked the same task, each by itself or all together.

    `sheets` are those of `draw_sheets`.
    """
    texts, drawn = _texts(asks), iter(sheets)
    images, sent_bytes = list[InlineImage | NamedImage](), list[int]()
    for together, own in zip(by_picture(asks), texts.before_pictures, strict=True):
        picture = next(drawn) if len(together) > 1 else together[0].picture
        sent_bytes += split(len(picture.data) if picture else 0, len(together))
        resolution, named = together[0].route.media_resolution, together[0].reference
        if picture:
            images.append(InlineImage(picture.data, picture.mime_type, resolution, own))
        elif named:
            images.append(NamedImage(named.uri, named.mime_type, resolution, own))
    body = request_body(
        model=find_model(asks[0].route.model),
        text=texts.opening,
        images=images,
        response_config=_response_config(asks),
        max_output_tokens=output_limit(asks),
    )
    return RequestParts(body, (texts.opening, *texts.before_pictures), tuple(sent_bytes))


def most_text_tokens(asks: Sequence[Ask]) -> int:
    """An upper bound of a request's input tokens beside the images'.

    No tokenizer makes more tokens of a text than it has bytes of UTF-8. The response schema is
    input as well (ai.google.dev/gemini-api/docs/structured-output).
    """
    texts, config = _texts(asks), _response_config(asks)
    schemas = [orjson.dumps(config[name]) for name in _SCHEMAS if name in config]
    written = (texts.opening, *texts.before_pictures)
    return sum(map(len, schemas)) + sum(len(text.encode()) for text in written)


def may_share(one: Ask, other: Ask) -> bool:
    """Whether two questions of one task may go in one request.

    A contact sheet has no room for what could not be opened here; what needs more room for its
    answer goes alone.
    """
    if one.limit_raised or other.limit_raised:
        return False
    if one.route.images_per_sheet > 1 and any(_unopened(ask) for ask in (one, other)):
        return False
    return kind_of_pack(one) == kind_of_pack(other)


def kind_of_pack(ask: Ask) -> PackKind:
    """What all images of a request must have in common: their media resolution, or nothing (None).

    Models of before Gemini 3 know one media resolution per request, and a contact sheet has one.
    Questions at a raised limit, which go alone, gather apart.
    """
    per_part = find_model(ask.route.model).per_part_media_resolution
    mixes = per_part and ask.route.images_per_sheet == 1
    return None if mixes else ask.route.media_resolution, ask.limit_raised


def _unopened(ask: Ask) -> bool:
    return ask.picture is not None and ask.picture.fallback


def output_limit(asks: Sequence[Ask]) -> int:
    """`maxOutputTokens`: what the replies may take and room for thoughts, as the model allows."""
    task, model = asks[0].task, find_model(asks[0].route.model)
    answers = task.answers_in_request(len(asks))
    wanted = task.output_limit(answers, form_of(asks)) + thought_allowance(model, answers)
    factor = RAISED_LIMIT if asks[0].limit_raised else 1
    return min(wanted * factor, model.max_output_tokens)


def _texts(asks: Sequence[Ask]) -> RequestTexts:
    task = asks[0].task
    instruction = task.answer.instruction(form_of(asks), task.answers_in_request(len(asks)))
    if task.per:
        return group_texts(asks[0].prompt, instruction, len(asks))
    sheet = asks[0].route.images_per_sheet
    return request_texts([ask.prompt for ask in asks], instruction, sheet, checks_of(asks))


def _response_config(asks: Sequence[Ask]) -> WireJson:
    task = asks[0].task
    return task.answer.response_config(form_of(asks), task.answers_in_request(len(asks)))
