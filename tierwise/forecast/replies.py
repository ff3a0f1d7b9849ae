"""How long replies are: bounds by the kind of answer, before anybody has answered.

Lengths are in characters of English text, of which four make a token; a character of another
script counts as four.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.forms import Form, Layout
from tierwise.answers.joint import Joint
from tierwise.answers.json_schemas import Schema
from tierwise.wording import MAX_ANSWER_CHARACTERS

_CHARACTERS_PER_TOKEN = 4
# `{"image": 12, "answer": ""}, ` around each item of a pack, and the brackets.
_AROUND_ITEM = 28
_AROUND_PACK = 2
# `[417, ], ` around each row, and the comma and blank between its answers.
_AROUND_ROW = 9
_AROUND_CELL = 2
# `"": ` around a name.
_AROUND_NAME = 4
# Half a token is lost, on average, where a short reply ends.
_ROUNDING = 1.5
_SHORT_STRING = 6
_LONG_STRING = 120
_MANY_ITEMS = 6
_SEVERAL = 2
# Texts stay well below the longest that is allowed, unless that is little.
_USUAL_LENGTH = 0.25
_USUAL_LENGTH_OF_LITTLE = 0.5
_LITTLE = 100


@dataclass(frozen=True, slots=True)
class Lengths:
    """The mean length of a task's replies lies from `least` to `most`, most likely at `typical`.

    All are more than 0.
    """

    least: float
    typical: float
    most: float

    def __add__(self, other: Lengths) -> Lengths:
        return Lengths(
            self.least + other.least, self.typical + other.typical, self.most + other.most
        )

    def at(self, quantile: float) -> float:
        """The mean that is not exceeded with this probability; triangular, by powers of two."""
        low, mode, high = (math.log(value) for value in (self.least, self.typical, self.most))
        if quantile * (high - low) < mode - low:
            return math.exp(low + math.sqrt(quantile * (high - low) * (mode - low)))
        return math.exp(high - math.sqrt((1 - quantile) * (high - low) * (high - mode)))

    def times(self, least: float, typical: float, most: float) -> Lengths:
        """So many of these."""
        return Lengths(self.least * least, self.typical * typical, self.most * most)


def reply_lengths(answer: AnswerType) -> Lengths:
    """Length of a reply for one image alone."""
    travels = answer.travels_as()
    bare = travels.type == "string"
    # Text travels without its bounds, which its schema has; labels travel as their wire names.
    shape = answer.schema() if bare and not travels.enum else travels
    return _json(shape) + _fixed(-2 if bare else 0)


def joint_lengths(joint: Joint, form: Form) -> list[Lengths]:
    """Length of each answer of a reply to several questions, with its name where it has one."""
    forms = zip(joint.parts, joint.part_forms(form), strict=True)
    named = form.layout is Layout.NAMED
    return [
        _json(answer.travels_as(own)) + _fixed((_size(name) + _AROUND_NAME) * named)
        for (name, answer), own in forms
    ]


def row_tokens(characters: Sequence[float], images: int) -> float:
    """Tokens of a reply with a row of answers for each of its images."""
    row = sum(characters) + _AROUND_CELL * len(characters)
    if images == 1:
        return (_AROUND_PACK + row + _ROUNDING) / _CHARACTERS_PER_TOKEN
    return (_AROUND_PACK + images * (row + _AROUND_ROW)) / _CHARACTERS_PER_TOKEN


def reply_tokens(characters: float, images: int) -> float:
    """Tokens of a reply with so many characters for each of its images."""
    if images == 1:
        return (characters + _ROUNDING) / _CHARACTERS_PER_TOKEN
    return (_AROUND_PACK + images * (characters + _AROUND_ITEM)) / _CHARACTERS_PER_TOKEN


def prompt_tokens(characters: float) -> float:
    """Tokens that an earlier reply with so many characters adds to a prompt that tells it."""
    return min(characters, MAX_ANSWER_CHARACTERS) / _CHARACTERS_PER_TOKEN


def _json(schema: Schema) -> Lengths:
    if schema.enum:
        return _enum([str(value) for value in schema.enum], quoted=schema.type == "string")
    if schema.type == "object":
        lengths = _fixed(2)
        for name, below in schema.properties:
            lengths += _fixed(_size(name) + 6) + _json(below)
        return lengths
    if schema.type == "array":
        items = _MANY_ITEMS if schema.at_most is None else int(schema.at_most)
        return _list_of(_json(schema.items or Schema("string")), items)
    if schema.type == "string":
        least = max(_SHORT_STRING, schema.at_least or 0)
        most = max(least, _LONG_STRING if schema.at_most is None else schema.at_most)
        usual = _USUAL_LENGTH_OF_LITTLE if most <= _LITTLE else _USUAL_LENGTH
        return Lengths(least, least + (most - least) * usual, most) + _fixed(2)
    if schema.type == "integer" and schema.at_least is not None and schema.at_most is not None:
        low, high = sorted((_size(str(int(schema.at_least))), _size(str(int(schema.at_most)))))
        return Lengths(low, (low + high) / 2, high)
    return Lengths(4, 4.5, 5) if schema.type == "boolean" else Lengths(1, 3, 6)


def _list_of(item: Lengths, most: int) -> Lengths:
    return (item + _fixed(2)).times(0, min(_SEVERAL, most), most) + _fixed(2)


def _enum(values: Sequence[str], *, quoted: bool) -> Lengths:
    sizes = [_size(value) for value in values]
    return Lengths(min(sizes), sum(sizes) / len(sizes), max(sizes)) + _fixed(2 if quoted else 0)


def _fixed(size: float) -> Lengths:
    return Lengths(size, size, size)


def _size(text: str) -> int:
    foreign = len(text) - len(text.encode("ascii", "ignore"))
    return len(text) + foreign * (_CHARACTERS_PER_TOKEN - 1)
