"""Asks that go together, as one request body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from tierwise.answers.joint import Joint
from tierwise.gemini.settle import (
    RAISED_LIMIT,
    Ask,
    answers_of,
    by_image,
    checks_of,
    form_of,
    numbers_of,
)
from tierwise.gemini.sheets import by_picture
from tierwise.gemini.thoughts import thought_allowance
from tierwise.gemini.wire import InlineImage, NamedImage, WireJson, request_body
from tierwise.images.contact_sheet import ContactSheet
from tierwise.looks import joint_output_limit
from tierwise.models import find_model
from tierwise.records import MediaResolution, split
from tierwise.tasks.examples import Example
from tierwise.wording import (
    RequestTexts,
    group_texts,
    joint_texts,
    request_texts,
    texts_with_examples,
)

PackKind = tuple[MediaResolution | None, bool, bool, str]

_SCHEMAS = ("responseSchema", "responseJsonSchema")


@dataclass(frozen=True, slots=True)
class RequestParts:
    """A request body, and for the account the texts in it and each question's part of its pictures.

    Other requests of its kind begin with its first `shared_parts` as well.
    `sent_bytes` of an image on a contact sheet is its share of the sheet, the same for all
    questions about it.
    """

    body: WireJson
    texts: tuple[str, ...]
    sent_bytes: tuple[int, ...]
    shared_parts: int = 0

    @property
    def shared(self) -> str:
        """The text that it begins with."""
        return self.texts[0]

    @property
    def remembers(self) -> bool:
        """Whether a cache can stand for what it shares: something must be left to ask."""
        return 0 < self.shared_parts < len(self.body["contents"][0]["parts"])


def compose(asks: Sequence[Ask], sheets: Sequence[ContactSheet] = ()) -> RequestParts:
    """One request for images that are asked the same questions, each by itself or all together.

    `sheets` are those of `draw_sheets`.
    """
    texts, drawn, resolution = texts_of(asks), iter(sheets), asks[0].route.media_resolution
    examples = [
        InlineImage(one.data, one.mime_type, resolution, one.caption) for one in examples_in(asks)
    ]
    questions = len(by_image(asks)[0])
    images, sent_bytes = list[InlineImage | NamedImage](), list[int]()
    for together, own in zip(by_picture(asks), texts.before_pictures, strict=True):
        picture = next(drawn) if len(together) > 1 else together[0].picture
        for part in split(len(picture.data) if picture else 0, len(together)):
            sent_bytes += [part] * questions
        resolution, named = together[0].route.media_resolution, together[0].reference
        if picture:
            images.append(InlineImage(picture.data, picture.mime_type, resolution, own))
        elif named:
            images.append(NamedImage(named.uri, named.mime_type, resolution, own))
    model = find_model(asks[0].route.model)
    body = request_body(
        model=model,
        shared=texts.shared,
        rest=texts.rest,
        examples=examples,
        images=images,
        response_config=_response_config(asks),
        max_output_tokens=output_limit(asks),
    )
    shared = 1 if texts.shared else 0
    if shared and model.caches_pictures:
        shared += 2 * len(examples)
    return RequestParts(body, texts.all, tuple(sent_bytes), shared)


def examples_in(asks: Sequence[Ask]) -> tuple[Example, ...]:
    """The labelled pictures that a request begins with, the same for all that it asks."""
    return asks[0].task.examples_shown


def most_text_tokens(asks: Sequence[Ask]) -> int:
    """An upper bound of a request's input tokens beside the images'.

    No tokenizer makes more tokens of a text than it has bytes of UTF-8. The response schema is
    input as well (ai.google.dev/gemini-api/docs/structured-output).
    """
    texts, config = texts_of(asks), _response_config(asks)
    schemas = [orjson.dumps(config[name]) for name in _SCHEMAS if name in config]
    return sum(map(len, schemas)) + sum(len(text.encode()) for text in texts.all)


def may_share(one: Ask, other: Ask) -> bool:
    """Whether questions about two images may go in one request, given one question about each.

    A contact sheet has no room for what could not be opened here; what needs more room for its
    answer goes alone.
    """
    if one.by_itself or other.by_itself:
        return False
    if one.route.images_per_sheet > 1 and any(_unopened(ask) for ask in (one, other)):
        return False
    return kind_of_pack(one) == kind_of_pack(other)


def kind_of_pack(ask: Ask) -> PackKind:
    """What all images of a request must have in common: their media resolution, or nothing (None).

    Models of before Gemini 3 know one media resolution per request, and a contact sheet has one.
    Questions that go alone, such as those at a raised limit, gather apart, as do those that batch
    jobs ask no more, and those about other branches of a tree.
    """
    per_part = find_model(ask.route.model).per_part_media_resolution
    mixes = per_part and ask.route.images_per_sheet == 1
    resolution = None if mixes else ask.route.media_resolution
    return resolution, ask.by_itself, ask.at_once, ask.task.branch


def _unopened(ask: Ask) -> bool:
    return ask.picture is not None and ask.picture.fallback


def output_limit(asks: Sequence[Ask]) -> int:
    """`maxOutputTokens`: what the replies may take and room for thoughts, as the model allows."""
    model, images = find_model(asks[0].route.model), by_image(asks)
    answers = answers_in(asks)
    if len(images[0]) > 1:
        wanted = joint_output_limit([ask.task for ask in images[0]], len(images))
    else:
        wanted = asks[0].task.output_limit(answers, form_of(asks))
    wanted += thought_allowance(model, answers)
    factor = RAISED_LIMIT if asks[0].limit_raised else 1
    return min(drawn_tokens(asks) + wanted * factor, model.max_output_tokens)


def drawn_tokens(asks: Sequence[Ask]) -> int:
    """Output tokens of the picture that a request asks for, 0 where it asks for none.

    Nobody publishes how many pictures a model draws at most: this is one, of the size that is sent.
    """
    return asks[0].task.answer.drawn_tokens(asks[0].route.model)


def answers_in(asks: Sequence[Ask]) -> int:
    """For how many images a request is answered: for each, or for a group as one."""
    return asks[0].task.answers_in_request(len(by_image(asks)))


def texts_of(asks: Sequence[Ask]) -> RequestTexts:
    """The texts of a request, which its pictures do not change."""
    return texts_with_examples(_texts_of(asks), examples_in(asks))


def _texts_of(asks: Sequence[Ask]) -> RequestTexts:
    form, answers, sheet = form_of(asks), answers_of(asks), asks[0].route.images_per_sheet
    images = answers_in(asks)
    if isinstance(answers, Joint):
        prompts = [[ask.prompt for ask in one] for one in by_image(asks)]
        closing = answers.closing(form, images)
        return joint_texts(prompts, answers.headed(form), closing, sheet, numbers_of(asks))
    instruction = answers.instruction(form, images)
    if asks[0].task.per:
        return group_texts(asks[0].prompt, instruction, len(asks))
    pictures = asks[0].task.reads == "image"
    own = [ask.prompt for ask in asks]
    return request_texts(
        own,
        instruction,
        sheet,
        checks_of(asks),
        pictures=pictures,
        examples=bool(examples_in(asks)),
    )


def _response_config(asks: Sequence[Ask]) -> WireJson:
    return answers_of(asks).response_config(form_of(asks), answers_in(asks))
