"""Requests with several questions, as they are put together, and each question by itself."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.answers.read_schema import read_schema
from tierwise.answers.schema_dialects import json_schema, openapi_schema
from tierwise.answers.structs import Struct
from tierwise.answers.text import Text
from tierwise.wording import Prompt, request_texts


@dataclass(frozen=True)
class Question:
    name: str
    prompt: str
    answer: AnswerType


CATEGORY = Question(
    "category",
    "Which category fits this picture best?\nLook twice, and at all of it.",
    OneLabel(("landscape", "city", "animal", "people", "abstract", "document")),
)
COLOURS = Question(
    "colours",
    "Which colours are there?",
    SeveralLabels(("red", "green", "blue", "yellow", "white", "black")),
)
TITLE = Question("blue_title", "Suggest a title.\n\nQuestion everything:", Text(60))
SHORT_TITLE = Question("short", "Suggest a short title.", Text(34))
TEXT = Question("dark_text", "Does the picture carry text?", OneLabel(("yes", "no", "unsure")))
FACTS = Question(
    "facts",
    "What can be said of it?\nAnswer for it alone.",
    Struct(
        read_schema(
            {
                "type": "object",
                "properties": {
                    "dark": {"type": "boolean"},
                    "share": {"type": "number", "minimum": 0, "maximum": 1},
                    "kinds": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
                },
                "required": ["dark", "share"],
            }
        )
    ),
)
ALL = (CATEGORY, COLOURS, TITLE, TEXT, FACTS, SHORT_TITLE)
MIXED = (CATEGORY, COLOURS, TITLE)

Numbered = Mapping[int, bytes]


def blob(data: bytes) -> dict[str, Any]:
    return {"inlineData": {"mimeType": "image/jpeg", "data": base64.b64encode(data).decode()}}


def text_of(reply: Any) -> str:
    return str(reply["candidates"][0]["content"]["parts"][0]["text"])


def body_of(parts: Sequence[dict[str, Any]], **config: Any) -> dict[str, Any]:
    settings = {"responseMimeType": "application/json"} | config
    return {"contents": [{"role": "user", "parts": list(parts)}], "generationConfig": settings}


def apart(emulator: Any, one: Question, pictures: Sequence[bytes]) -> list[Any]:
    """The values of a question asked in a request of its own, about one picture or a pack."""
    prompt = Prompt(one.prompt, one.prompt, (), ())
    form, count = one.answer.forms()[0], len(pictures)
    texts = request_texts([prompt] * count, one.answer.instruction(form, count))
    parts: list[dict[str, Any]] = [{"text": texts.opening}]
    for before, data in zip(texts.before_pictures, pictures, strict=True):
        parts += [{"text": before}] if before else []
        parts.append(blob(data))
    config = one.answer.response_config(form, count)
    status, reply = emulator.ask(
        {"contents": [{"role": "user", "parts": parts}], "generationConfig": config}
    )
    assert status == 200, reply
    if count == 1:
        return [one.answer.parse(text_of(reply), form)]
    found = one.answer.parse_packed(text_of(reply), count, form)
    return [found[number] for number in range(1, count + 1)]


def opening(questions: Sequence[Question], images: int) -> str:
    counted = f"{len(questions)} question{'s' * (len(questions) > 1)}"
    about = "each image" if images else "the image"
    return f"Answer {counted} about {about}, each on its own."


def starts(questions: Sequence[Question]) -> list[int]:
    """The number before the first label of each question."""
    found, last = [], 0
    for one in questions:
        found.append(last)
        last += len(one.answer.options())
    return found


def _short_question(one: Question, number: int, start: int) -> tuple[str, dict[str, Any]]:
    labels = one.answer.options()
    lines = [f"Question {number}: {one.prompt}"]
    if not labels:
        lines.append(one.answer.instruction())
        limit = {"maxLength": one.answer.max_length} if isinstance(one.answer, Text) else {}
        return "\n".join(filter(None, lines)), json_schema(one.answer.travels_as()) | limit
    numbers = range(start + 1, start + len(labels) + 1)
    several = isinstance(one.answer, SeveralLabels)
    lines.append(
        f"Answer with the number{'s of all labels that fit' if several else ' of one label'}:"
    )
    lines += [f"{n} {label}" for n, label in zip(numbers, labels, strict=True)]
    schema: dict[str, Any] = {"type": "integer", "minimum": numbers[0], "maximum": numbers[-1]}
    if several:
        schema = {"type": "array", "items": schema, "maxItems": len(labels)}
    return "\n".join(lines), schema


def short(
    questions: Sequence[Question], pictures: Numbered | bytes, own: Sequence[str] = ()
) -> dict[str, Any]:
    """One picture, or a pack by the numbers of its pictures."""
    asked = enumerate(zip(questions, starts(questions), strict=True), start=1)
    written = [_short_question(one, number, start) for number, (one, start) in asked]
    answers = [schema for _, schema in written]
    images = 0 if isinstance(pictures, bytes) else len(pictures)
    whole = f" for each of the {images} images: its number, then" if images else ":"
    closing = f"Reply with a list{whole} one answer for each question, in this order."
    if images:
        answers.insert(0, {"type": "integer", "minimum": 100, "maximum": 999})
    row: dict[str, Any] = {"type": "array", "prefixItems": answers}
    row |= {"minItems": len(answers), "maxItems": len(answers)}
    pack = {"type": "array", "minItems": images, "maxItems": images, "items": row}
    text = "\n".join([opening(questions, images), *(block for block, _ in written), closing])
    return body_of(
        [{"text": text}, *_picture_parts(pictures, own)],
        responseJsonSchema=pack if images else row,
    )


def _picture_parts(pictures: Numbered | bytes, own: Sequence[str]) -> list[dict[str, Any]]:
    if isinstance(pictures, bytes):
        return [*({"text": f"Image 1: {values}"} for values in own), blob(pictures)]
    parts: list[dict[str, Any]] = []
    for place, (number, data) in enumerate(pictures.items()):
        values = own[place] if own else ""
        parts += [{"text": f"Image {number}: {values}".rstrip()}, blob(data)]
    return parts


def named(
    questions: Sequence[Question], pictures: Numbered | bytes, *, rung: int = 0, dialect: str
) -> dict[str, Any]:
    """With names; `rung` is that of each question's ladder of forms, as far as it goes."""
    images = 0 if isinstance(pictures, bytes) else len(pictures)
    lines, properties = [opening(questions, images)], {}
    for one in questions:
        form = one.answer.forms()[min(rung, len(one.answer.forms()) - 1)]
        lines += [f"Question {one.name}: {one.prompt}", one.answer.listed(form)]
        travels = one.answer.travels_as(form)
        openapi = dialect == "responseSchema"
        properties[one.name] = openapi_schema(travels) if openapi else json_schema(travels)
    lines.append("Reply with an object: a property for each question, by its name.")
    upper = str.upper if dialect == "responseSchema" else str
    if images:
        properties = {"image": {"type": upper("integer")}} | properties
    schema: dict[str, Any] = {"type": upper("object"), "properties": properties}
    schema |= {"required": list(properties), "propertyOrdering": list(properties)}
    if images:
        schema = {"type": upper("array"), "items": schema, "minItems": images, "maxItems": images}
    config = {dialect: schema}
    if dialect == "words":
        told = json.dumps(schema, ensure_ascii=False)
        lines.append(f"Answer with nothing but JSON that fits this JSON Schema:\n{told}")
        config = {}
    text = "\n".join(filter(None, lines))
    return body_of([{"text": text}, *_picture_parts(pictures, ())], **config)


def read_short(questions: Sequence[Question], row: Sequence[Any]) -> list[Any]:
    """The values of a row of answers; what its labels are called is looked up."""
    assert len(row) == len(questions)
    read = []
    for one, start, cell in zip(questions, starts(questions), row, strict=True):
        labels = one.answer.options()
        if isinstance(one.answer, OneLabel):
            read.append(labels[cell - start - 1])
        elif isinstance(one.answer, SeveralLabels):
            read.append(one.answer.read([labels[each - start - 1] for each in cell]))
        else:
            read.append(one.answer.read(cell))
    return read


def read_named(questions: Sequence[Question], row: Mapping[str, Any], rung: int) -> list[Any]:
    """The values of an object of answers."""
    assert [name for name in row if name != "image"] == [one.name for one in questions]
    forms = [one.answer.forms()[min(rung, len(one.answer.forms()) - 1)] for one in questions]
    asked = zip(questions, forms, strict=True)
    return [one.answer.read(row[one.name], form) for one, form in asked]


def ask(emulator: Any, body: dict[str, Any]) -> Any:
    """The decoded reply."""
    status, reply = emulator.ask(body)
    assert status == 200, reply
    return json.loads(text_of(reply))
