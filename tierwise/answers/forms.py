"""The form of a question: how Gemini is told what may come back.

The possible answers are the same whatever the form, so it is no part of an answer's identity. What
Gemini takes differs from model to model and is not published: long enums, bounds and nested lists
make it refuse ("too many states for serving"). Then the next form of the ladder is tried, which
asks less of the service and more of the prompt:

    labels        enum ─▶ numbers ─▶ codes ─▶ prompt
    many labels           numbers ─▶ codes ─▶ prompt
    hundreds of them                 codes ─▶ prompt
    structs       JSON Schema ─▶ OpenAPI ─▶ simple ─▶ prompt
    other values  OpenAPI ─▶ simple ─▶ prompt; of plain text, packs alone

An `enum` of the labels themselves takes the fewest tokens and can bring nothing else. `numbers` are
an enum too, of the numbers that the labels have in the prompt. `codes` stand in the prompt as well,
and no schema lists them; with `prompt` the labels' names do, and there is no schema at all.

Several questions in one request have a ladder of their own (`tierwise.answers.joint`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from itertools import count, islice
from typing import Any

from tierwise.answers.json_schemas import Schema
from tierwise.answers.schema_dialects import json_schema, openapi_schema
from tierwise.answers.written_words import plain_words
from tierwise.taxonomy.outline import meanings, outline
from tierwise.taxonomy.taxonomy import Taxonomy

# Where Gemini's own ceiling lies is not published; these stay well below the refusals reported.
LABELS_AS_ENUM = 50
CHARACTERS_AS_ENUM = 1_500
# Of more, an enum of their numbers would be longer than all that it saves.
NUMBERS_AS_ENUM = 300

_MEANINGS = "The labels and what they mean:"
# No vowels, so that no code is a word, and no `l`, which looks like 1.
_CODE_LETTERS = "bcdfghjkmnpqrstvwxz"
_LEAST_CODE = 2


class LabelForm(StrEnum):
    """What stands for a label in a reply: its name, its number or its code."""

    ENUM = "enum"
    NUMBERS = "numbers"
    CODES = "codes"
    PROMPT = "prompt"


class Layout(StrEnum):
    """What one image's part of a reply is made of.

    `ALONE`: one answer. `ROWS`: a list of answers, in the order of the questions. `NAMED`: an
    object with a property for each question.
    """

    ALONE = "alone"
    ROWS = "rows"
    NAMED = "named"


class Dialect(StrEnum):
    """The field that holds the schema; with WORDS there is none."""

    OPENAPI = "responseSchema"
    JSON_SCHEMA = "responseJsonSchema"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Form:
    """One way to put a question.

    `labels` is None for answers without labels. Without `bounded`, the schema has no bounds, no
    counts and no enums but that of labels. With `checked`, each item of a pack repeats a word that
    stands beside its picture. `layout` is that of the whole request; in rows labels are whole
    numbers. Where numbers stand for labels, the first is `first_number`.
    """

    dialect: Dialect
    labels: LabelForm | None = None
    bounded: bool = True
    checked: bool = False
    layout: Layout = Layout.ALONE
    first_number: int = 1

    @property
    def name(self) -> str:
        """What stands in `label_form`; empty for the usual form of what has no labels."""
        if self.labels:
            return str(self.labels)
        if self.dialect is Dialect.WORDS:
            return "prompt"
        usual = self.dialect is Dialect.JSON_SCHEMA or self.bounded
        return "" if usual else "simple"


_SIMPLE = Form(Dialect.OPENAPI, bounded=False)
_PROMPT = Form(Dialect.WORDS, LabelForm.PROMPT, bounded=False)
_CODES = replace(_SIMPLE, labels=LabelForm.CODES)
FORMS_OF_LABELS = (
    Form(Dialect.OPENAPI, LabelForm.ENUM),
    replace(_SIMPLE, labels=LabelForm.NUMBERS),
    _CODES,
    _PROMPT,
)
FORMS_OF_MANY_LABELS = (Form(Dialect.OPENAPI, LabelForm.NUMBERS), _CODES, _PROMPT)
_WORDS = Form(Dialect.WORDS, bounded=False)
FORMS_OF_STRUCTS = (Form(Dialect.JSON_SCHEMA), Form(Dialect.OPENAPI), _SIMPLE, _WORDS)
FORMS_OF_VALUES = (Form(Dialect.OPENAPI), _SIMPLE, _WORDS)


@lru_cache(maxsize=256)
def forms_of_labels(labels: tuple[str, ...], taxonomy: Taxonomy | None = None) -> tuple[Form, ...]:
    """The ladder of a list of labels, by its length."""
    if len(labels) > NUMBERS_AS_ENUM:
        return FORMS_OF_LABELS[2:]
    few = len(labels) <= LABELS_AS_ENUM and sum(map(len, labels)) <= CHARACTERS_AS_ENUM
    first = beyond_numerals(labels, 1, taxonomy)
    return tuple(
        replace(form, first_number=first) if form.labels is LabelForm.NUMBERS else form
        for form in (FORMS_OF_LABELS if few else FORMS_OF_MANY_LABELS)
    )


@lru_cache(maxsize=256)
def beyond_numerals(labels: tuple[str, ...], first: int, taxonomy: Taxonomy | None = None) -> int:
    """The number from which labels are numbered, so that no number is itself a label.

    Who answers 7 where `7` is a label means that one, or has it for another name of one.

    >>> beyond_numerals(("1", "2", "3"), 3), beyond_numerals(("cat", "1900"), 3)
    (4, 3)
    """
    called = taxonomy.words if taxonomy else labels
    numerals = {int(word) for word in called if word.isdecimal()}
    while taken := numerals.intersection(range(first, first + len(labels))):
        first = max(taken) + 1
    return first


@lru_cache(maxsize=256)
def label_names(
    labels: tuple[str, ...],
    form: LabelForm | None,
    first_number: int = 1,
    taxonomy: Taxonomy | None = None,
) -> tuple[str, ...]:
    """What stands for each label in a reply, in the labels' order.

    No code is a name of any label, nor another name that the taxonomy has.

    >>> label_names(("cat", "dog"), LabelForm.NUMBERS), label_names(("cat", "dog"), LabelForm.CODES)
    (('1', '2'), ('bb', 'bc'))
    """
    if form is LabelForm.NUMBERS:
        return tuple(str(first_number + place) for place in range(len(labels)))
    if form is not LabelForm.CODES:
        return labels
    letters, width = len(_CODE_LETTERS), _LEAST_CODE
    called = (*labels, *(taxonomy.words if taxonomy else ()))
    words = {word for name in called if set(word := plain_words(name)) <= set(_CODE_LETTERS)}
    while letters**width < len(labels) + sum(len(word) == width for word in words):
        width += 1
    codes = (code for index in count() if (code := _code(index, width)) not in words)
    return tuple(islice(codes, len(labels)))  # `tv` where it is a label means that one


@lru_cache(maxsize=256)
def listed_labels(
    labels: tuple[str, ...], form: Form, *, several: bool, taxonomy: Taxonomy | None = None
) -> str:
    """The labels as the prompt lists them, and what they mean; empty where the schema says all."""
    known = taxonomy if taxonomy and taxonomy.explains else None
    names = label_names(labels, form.labels, form.first_number, taxonomy)
    if form.labels in (LabelForm.ENUM, LabelForm.PROMPT):
        told = (_MEANINGS, *meanings(known)) if known else ()
        if form.labels is LabelForm.ENUM:
            return "\n".join(told)
        asked = "all of these labels that fit" if several else "one of these labels"
        return "\n".join((f"Answer with {asked}, word for word:", *names, *told))
    code = "number" if form.labels is LabelForm.NUMBERS else "code"
    asked = f"the {code}s of all labels that fit" if several else f"the {code} of one label"
    called = dict(zip(labels, names, strict=True))
    lines = outline(known, called) if known else (f"{called[name]} {name}" for name in labels)
    return "\n".join((f"Answer with {asked}:", *lines))


def response_config(answer: Schema, form: Form, images: int) -> dict[str, Any]:
    """The part of `generationConfig` that types a reply with so many answers.

    `answer` is one of them as it travels in that form.
    """
    return typed(_reply(answer, form, images), form)


def typed(whole: Schema, form: Form) -> dict[str, Any]:
    """The part of `generationConfig` that types a reply of this shape."""
    bare = whole.type == "string"
    if form.dialect is Dialect.WORDS or (bare and not whole.enum):
        return {"responseMimeType": "text/plain" if bare else "application/json"}
    if form.dialect is Dialect.JSON_SCHEMA:
        schema = json_schema(whole)
    else:
        enums = form.bounded or form.labels is not None
        schema = openapi_schema(whole, bounded=form.bounded, enums=enums)
    # A bare label takes the fewest tokens there are, but not every model takes that type.
    mime_type = "text/x.enum" if bare and form.bounded else "application/json"
    return {"responseMimeType": mime_type, str(form.dialect): schema}


def shape_in_words(answer: Schema, form: Form, images: int) -> str:
    """What the prompt says of the reply's shape where no schema does; empty for plain text."""
    return in_words(_reply(answer, form, images), form)


def in_words(whole: Schema, form: Form) -> str:
    """What the prompt says of a reply of this shape; nothing where a schema does, or of text."""
    if form.dialect is not Dialect.WORDS or whole.type == "string":
        return ""
    written = json.dumps(json_schema(whole), ensure_ascii=False, separators=(",", ":"))
    return f"Answer with nothing but JSON that fits this JSON Schema:\n{written}"


def _reply(answer: Schema, form: Form, images: int) -> Schema:
    """The shape of a reply: the answer itself, or a numbered item for each image."""
    if images == 1:
        return answer
    number = Schema("integer", at_least=1, at_most=images)
    check = [("check", Schema("string"))] if form.checked else []
    fields = (("image", number), *check, ("answer", answer))
    item = Schema("object", properties=fields, required=tuple(name for name, _ in fields))
    return Schema("array", items=item, at_least=images, at_most=images)


def _code(index: int, width: int) -> str:
    letters = []
    for _ in range(width):
        index, letter = divmod(index, len(_CODE_LETTERS))
        letters.append(_CODE_LETTERS[letter])
    return "".join(reversed(letters))
