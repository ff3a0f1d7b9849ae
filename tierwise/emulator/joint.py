"""Joint requests: several questions about one picture, or about each picture of a pack.

The words open with how many there are, and close with the reply's form; between them each question
has a header, its number or its name:

    Answer 2 questions about each image, each on its own.
    Question 1: Which category fits this picture best?
    Answer with the number of one label:
    1 landscape
    2 city
    Question 2: Suggest a title.
    At most 60 characters.
    Reply with a list for each of the 4 images: its number, then one answer for each question, ...

With numbers the reply is a list (`prefixItems`), and the labels' numbers run on through all
questions; with names it is an object. Prompts have as many lines as their authors like, so a header
is one only where it is the next that is due, behind the whole list of labels that is due before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from tierwise.emulator.schemas import ResponseSchema
from tierwise.emulator.told_forms import is_list_head, read_told

_OPENING = re.compile(r"Answer (?P<count>[1-9]\d{0,3}) questions? about (?:the|each) ")
_CLOSING = re.compile(r"Reply with an? ")
_TEXT_LIMIT = re.compile(r"\bat most \d+ characters", re.IGNORECASE)
_BRACKETED = re.compile(r"\[([^\[\]\n]+)\]")
# The field of a picture's number, in a list that does not name it.
_NUMBER = "image"


@dataclass(frozen=True)
class JointQuestion:
    """One question of several.

    `question` are its words without those about the form; in `filled` the picture's own values
    stand in their places. `schema` is that of the answer, where labels are strings even if the
    reply has integers in their place (`numbered`).
    """

    name: str
    question: str
    filled: str
    labels: Mapping[str, str]
    schema: ResponseSchema
    numbered: bool

    @cached_property
    def options(self) -> dict[str, str]:
        """The labels by what the reply calls them, in their order; none for other kinds."""
        node = _node(self.schema)
        if node.get("type") != "string":
            return {}
        return {one: self.labels.get(one, one) for one in node.get("enum") or self.labels}

    @cached_property
    def identity(self) -> str:
        """The same in whatever form it is asked."""
        return "\n".join((self.question, *self.options.values()))


@dataclass(frozen=True, slots=True)
class JointForm:
    """The questions of a request in their order, and how the reply holds the answers.

    `number_field` is that of a picture's number, empty where there is one reply for all pictures.
    With `listed` a list holds the answers, else an object does.
    """

    questions: tuple[JointQuestion, ...]
    number_field: str
    listed: bool

    @property
    def question(self) -> str:
        """The words of all questions."""
        return "\n".join(one.question for one in self.questions)

    def called(self, which: str) -> str:
        """The name of the question that goes by this name or number; empty without one."""
        for number, one in enumerate(self.questions, start=1):
            if which in (one.name, str(number)):
                return one.name
        return ""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a schema says of a joint reply: headers with the schemas of their answers, in order."""

    answers: Mapping[str, ResponseSchema]
    number_field: str
    listed: bool


def read_joint(text: str, schema: ResponseSchema | None, own: str) -> JointForm | None:
    """The questions of a request whose reply has this schema; None when it is not a joint one.

    `own` are the values of its only picture, `name: value; name: value`.
    """
    lines = text.split("\n")
    openings = (place for place, line in enumerate(lines) if _OPENING.match(line))
    start = next(openings, None)
    opening = _OPENING.match(lines[start]) if start is not None else None
    if schema is None or start is None or opening is None:
        return None
    shape = _shape(schema, int(opening["count"]))
    blocks = _blocks(lines[start + 1 :], shape) if shape else None
    if shape is None or blocks is None:
        return None
    asked = zip(shape.answers.items(), blocks, strict=True)
    questions = tuple(_question(name, block, answer, own) for (name, answer), block in asked)
    return JointForm(questions, shape.number_field, shape.listed)


def _shape(schema: ResponseSchema, count: int) -> _Shape | None:
    packed = schema["type"] == "array" and "prefixItems" not in schema
    row = _items(schema) if packed else schema
    listed = "prefixItems" in row
    if listed:
        cells = list(row["prefixItems"])
        names = [_NUMBER] * packed + [str(number) for number in range(1, count + 1)]
    else:
        properties: Mapping[str, ResponseSchema] = row.get("properties") or {}
        first = row.get("propertyOrdering") or row.get("required") or ()
        ordered = dict.fromkeys([*(name for name in first if name in properties), *properties])
        names, cells = list(ordered), [properties[name] for name in ordered]
    if len(cells) != count + packed or len(names) != len(cells):
        return None
    answers = dict(list(zip(names, cells, strict=True))[packed:])
    return _Shape(answers, names[0] if packed else "", listed)


def _blocks(lines: Sequence[str], shape: _Shape) -> list[list[str]] | None:
    """The lines of each question, without its header; None when one has none."""
    ends = [place for place, line in enumerate(lines) if _CLOSING.match(line)]
    end = ends[-1] if ends else len(lines)
    names = list(shape.answers)
    starts = [next(_headers(lines[:end], names[0], 0), None)]
    for before, name in pairwise(names):
        start = starts[-1]
        if start is None:
            return None
        due = list(_headers(lines[:end], name, start + 1))
        fitting = (place for place in due if _is_whole(lines[start:place], shape.answers[before]))
        starts.append(next(fitting, due[0] if due else None))
    found = [start for start in starts if start is not None]
    if len(found) < len(names):
        return None
    blocks = [list(lines[a:b]) for a, b in zip(found, [*found[1:], end], strict=True)]
    for name, block in zip(names, blocks, strict=True):
        block[0] = block[0].removeprefix(f"Question {name}:").strip()
    return blocks


def _headers(lines: Sequence[str], name: str, start: int) -> Iterator[int]:
    header = f"Question {name}:"
    return (
        place
        for place in range(start, len(lines))
        if lines[place] == header or lines[place].startswith(f"{header} ")
    )


def _is_whole(block: Sequence[str], answer: ResponseSchema) -> bool:
    """Whether all that has to be said of an answer stands in the lines so far."""
    if (numbers := _numbers(answer)) is not None:
        return _listed(block, numbers) is not None
    limited = answer["type"] == "string" and "maxLength" in answer
    return not limited or _TEXT_LIMIT.search(block[-1]) is not None


def _question(name: str, block: Sequence[str], answer: ResponseSchema, own: str) -> JointQuestion:
    numbers = _numbers(answer)
    listed = _listed(block, numbers) if numbers is not None else None
    if listed is not None:
        question, labels = "\n".join(block[: listed[0]]), listed[1]
    else:
        told = read_told("\n".join(block))
        question, labels = told.question, told.labels
    coded = bool(labels) and all(map(str.isdecimal, labels))
    numbered = coded and _node(answer).get("type") == "integer"
    if numbered:
        answer = _named(answer, list(labels))
    return JointQuestion(name, question, _filled(question, own), labels, answer, numbered)


def _node(answer: ResponseSchema) -> ResponseSchema:
    """What holds a label: the answer, or each item of a list."""
    return _items(answer) if answer["type"] == "array" else answer


def _items(schema: ResponseSchema) -> ResponseSchema:
    items = schema.get("items")
    return items if isinstance(items, Mapping) else {}


def _numbers(answer: ResponseSchema) -> range | None:
    """The numbers of the labels that an answer may name, when it names them so."""
    node = _node(answer)
    if node.get("type") != "integer" or not {"minimum", "maximum"} <= set(node):
        return None
    return range(int(node["minimum"]), int(node["maximum"]) + 1)


def _listed(block: Sequence[str], numbers: range) -> tuple[int, dict[str, str]] | None:
    """Where the list of the labels with these numbers begins, its head included, and its labels."""
    for place in range(len(block) - len(numbers) - 1, -1, -1):
        lines = block[place + 1 : place + 1 + len(numbers)]
        labels = dict(line.partition(" ")[::2] for line in lines)
        if is_list_head(block[place]) and list(labels) == [str(number) for number in numbers]:
            return place, labels
    return None


def _named(answer: ResponseSchema, names: list[str]) -> ResponseSchema:
    """The schema with names in the place of integers."""
    label = {"type": "string", "enum": names}
    return {**answer, "items": label} if answer["type"] == "array" else label


def _filled(question: str, own: str) -> str:
    """The question with the values of the picture's own in the places that it leaves for them.

    >>> _filled("Is [name] of [year]?", 'name: "a; b.jpg"; year: "1900"')
    'Is "a; b.jpg" of "1900"?'
    """
    names = [name for name in _BRACKETED.findall(question) if f"{name}: " in own]
    if not names:
        return question
    marks = re.compile(rf"(?:^|; )({'|'.join(map(re.escape, dict.fromkeys(names)))}): ")
    found = list(marks.finditer(own))
    ends = [*(mark.start() for mark in found[1:]), len(own)]
    values = {mark[1]: own[mark.end() : end] for mark, end in zip(found, ends, strict=True)}
    return _BRACKETED.sub(lambda place: values.get(place[1], place[0]), question)
