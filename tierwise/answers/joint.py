"""Several questions in one request: how Gemini is told of them, and one answer for each read back.

Output costs six times as much as input, so the shortest reply is wanted first: a row with one place
for each question, in their order, where a label is a number. The numbers run on from question to
question, so that an answer in the wrong place is none. What Gemini refuses is asked for by name:

    rows ─▶ named, JSON Schema ─▶ named, OpenAPI ─▶ named, told in words

Of several images each has a row (or an object) of its own, which begins with the number that stands
beside the image; a number that no image has spoils the whole reply.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.forms import (
    Dialect,
    Form,
    LabelForm,
    Layout,
    forms_of_labels,
    in_words,
    typed,
)
from tierwise.answers.json_schemas import Schema
from tierwise.answers.replies import (
    InvalidItem,
    MixedUpError,
    ReplyError,
    Value,
    read_json,
)
from tierwise.shown import counted, shown
from tierwise.tiers import text_tokens

_ROWS = Form(Dialect.JSON_SCHEMA, layout=Layout.ROWS)
_NAMED = Form(Dialect.JSON_SCHEMA, layout=Layout.NAMED)
FORMS = (
    _ROWS,
    _NAMED,
    replace(_NAMED, dialect=Dialect.OPENAPI, bounded=False),
    replace(_NAMED, dialect=Dialect.WORDS, bounded=False),
)

# `"category": ` and the comma behind it, beside the name's own tokens.
_TOKENS_AROUND_NAME = 5
_LARGEST_NUMBER = 999


class Cell(NamedTuple):
    """One question's answer about one image, and about how many tokens of the reply it takes.

    `answered_as` is as in `AnswerType`.
    """

    value: Value | InvalidItem
    tokens: int = 0
    answered_as: str = ""


@dataclass(frozen=True, slots=True)
class Joint:
    """The answers of one request: `parts` are the questions' names and types, in their order."""

    parts: tuple[tuple[str, AnswerType], ...]

    @staticmethod
    def forms() -> tuple[Form, ...]:
        """The ways to ask, the shortest reply first."""
        return FORMS

    def next_form(self, form: Form, images: int) -> Form | None:
        """The form to try after one that Gemini refused; None at the end."""
        del images
        below = FORMS[FORMS.index(replace(form, checked=False)) + 1 :]
        return next((replace(one, checked=form.checked) for one in below), None)

    def part_forms(self, form: Form) -> tuple[Form, ...]:
        """How each question is put in this form of the whole."""
        forms, number = list[Form](), 1
        for _, answer in self.parts:
            number = answer.numbered_from(number)
            forms.append(_part_form(answer, form, number))
            number += len(answer.options())
        return tuple(forms)

    def headed(self, form: Form) -> Iterator[tuple[str, str]]:
        """By question, what stands before its words and what is said of its answer behind them."""
        forms = self.part_forms(form)
        for place, ((name, answer), own) in enumerate(zip(self.parts, forms, strict=True), 1):
            called = place if form.layout is Layout.ROWS else name
            yield f"Question {called}: ", answer.listed(own)

    def closing(self, form: Form, images: int) -> str:
        """What is said of the reply as a whole, behind the questions."""
        rows = form.layout is Layout.ROWS
        if images == 1:
            what = (
                "a list: one answer for each question, in this order"
                if rows
                else "an object: a property for each question, by its name"
            )
        elif rows:
            what = (
                f"a list for each of the {images} images: its number, then one answer for each "
                "question, in this order"
            )
        else:
            what = (
                f"a list of objects, one for each of the {images} images: its number as "
                f"`{self._number_name}`, and a property for each question, by its name"
            )
        shape = in_words(self._whole(form, images), form)
        return "\n".join(filter(None, (f"Reply with {what}.", shape)))

    def response_config(self, form: Form, images: int) -> dict[str, Any]:
        """The part of `generationConfig` that types the reply."""
        return typed(self._whole(form, images), form)

    def extra_tokens(self, form: Form) -> int:
        """Output tokens for one image beside those of its answers, rounded up."""
        if form.layout is Layout.ROWS:
            return len(self.parts)
        forms = self.part_forms(form)
        names = sum(text_tokens(name) + _TOKENS_AROUND_NAME for name, _ in self.parts)
        longer = sum(a.extra_tokens(own) for (_, a), own in zip(self.parts, forms, strict=True))
        return names + longer

    def read(self, text: str, form: Form, numbers: Sequence[int]) -> list[list[Cell]]:
        """A cell for each question of each image, in their order.

        Args:
            text: the model's reply.
            form: how it was asked.
            numbers: those that stand beside the images; one image has none.

        Raises:
            ReplyError: the whole reply is unusable.
            MixedUpError: it is about numbers that no image has.
        """
        reply = read_json(text)
        if not numbers:
            return [self._cells(reply, form)]
        if not isinstance(reply, list):
            raise ReplyError(f"the reply is not a list of images; it starts {text[:60]!r}")
        found = dict[int, Any]()
        for item in reply:
            number, rest = self._numbered(item, form)
            if number is None or number not in numbers:
                raise MixedUpError(f"the reply is about image {shown(number)}, which has no place")
            if number in found:
                raise MixedUpError(f"the reply is twice about image {number}")
            found[number] = rest
        return [
            self._cells(found[number], form)
            if number in found
            else [Cell(InvalidItem("the reply has nothing for this image"))] * len(self.parts)
            for number in numbers
        ]

    def _cells(self, reply: Any, form: Form) -> list[Cell]:
        """Those of one image; where some are too many or too few, none is to be trusted."""
        forms = self.part_forms(form)
        if form.layout is Layout.NAMED:
            named: Mapping[str, Any] = reply if isinstance(reply, dict) else {}
            raw: list[Any] = [named.get(name, _MISSING) for name, _ in self.parts]
        elif isinstance(reply, list) and len(reply) == len(self.parts):
            raw = reply
        else:
            size = counted(len(reply), "answer") if isinstance(reply, list) else shown(reply)
            why = f"the reply has {size} in the place of {len(self.parts)}"
            return [Cell(InvalidItem(why))] * len(self.parts)
        answers = (answer for _, answer in self.parts)
        return [_cell(*three) for three in zip(answers, raw, forms, strict=True)]

    def _numbered(self, item: Any, form: Form) -> tuple[int | None, Any]:
        """The number of the image that an item is about, and the rest of it."""
        rest: Any
        if form.layout is Layout.ROWS and isinstance(item, list):
            number, rest = item[0] if item else None, item[1:]
        elif form.layout is Layout.NAMED and isinstance(item, dict):
            number, rest = item.get(self._number_name), item
        else:
            raise ReplyError(f"the reply has {shown(item)} in the place of an image's answers")
        whole = isinstance(number, int) and not isinstance(number, bool)
        return (number if whole else None), rest

    @property
    def _number_name(self) -> str:
        """The property for an image's number, which no question is called."""
        name, taken = "image", {name for name, _ in self.parts}
        while name in taken:
            name += "_"
        return name

    def _whole(self, form: Form, images: int) -> Schema:
        """The shape of the reply."""
        forms = self.part_forms(form)
        answers = [
            (name, answer.travels_as(own))
            for (name, answer), own in zip(self.parts, forms, strict=True)
        ]
        number = Schema("integer", at_least=1, at_most=_LARGEST_NUMBER)
        if images > 1:
            answers.insert(0, (self._number_name, number))
        if form.layout is Layout.ROWS:
            places = tuple(schema for _, schema in answers)
            one = Schema("array", places=places, at_least=len(places), at_most=len(places))
        else:
            names = tuple(name for name, _ in answers)
            one = Schema("object", properties=tuple(answers), required=names)
        return one if images == 1 else Schema("array", items=one, at_least=images, at_most=images)


_MISSING = object()


def _cell(answer: AnswerType, raw: Any, form: Form) -> Cell:
    if raw is _MISSING:
        return Cell(InvalidItem("the reply has no answer to this question"))
    tokens = text_tokens(json.dumps(raw, ensure_ascii=False))
    try:
        return Cell(answer.read(raw, form), tokens, answer.answered_as(raw, form))
    except ReplyError as error:
        return Cell(InvalidItem(str(error)), tokens)


def _part_form(answer: AnswerType, form: Form, first_number: int) -> Form:
    labels = answer.options()
    if not labels:
        return form
    if form.layout is Layout.ROWS:
        return replace(form, labels=LabelForm.NUMBERS, first_number=first_number)
    if form.dialect is Dialect.WORDS:
        return replace(form, labels=LabelForm.PROMPT)
    if form.bounded and forms_of_labels(labels)[0].labels is LabelForm.ENUM:
        return replace(form, labels=LabelForm.ENUM)
    return replace(form, labels=LabelForm.NUMBERS, first_number=answer.numbered_from(1))
