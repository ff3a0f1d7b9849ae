"""The same question in any form has the same emulated answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.tierwise.emulator.conftest import MODEL
from tierwise.answers.answer_type import AnswerType
from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.answers.read_schema import read_schema
from tierwise.answers.structs import Struct
from tierwise.emulator.told_forms import read_told
from tierwise.wording import Prompt, check_word, request_texts

COLOURS = ("red", "green", "blue", "white", "black")
FEW, MANY = OneLabel(COLOURS), OneLabel((*COLOURS, *(f"kind {number}" for number in range(60))))
SEVERAL = SeveralLabels(COLOURS)
STRUCT = Struct(
    read_schema(
        {
            "type": "object",
            "properties": {"dark": {"type": "boolean"}, "share": {"type": "number", "minimum": 0}},
            "required": ["dark", "share"],
        }
    )
)


def body_of(texts: list[str], pictures: list[bytes], config: dict[str, Any]) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"text": texts[0]}]
    for text, data in zip(texts[1:], pictures, strict=True):
        parts += [{"text": text}] if text else []
        encoded = base64.b64encode(data).decode()
        parts.append({"inlineData": {"mimeType": "image/jpeg", "data": encoded}})
    return {"contents": [{"role": "user", "parts": parts}], "generationConfig": config}


def text_of(reply: Any) -> str:
    return str(reply["candidates"][0]["content"]["parts"][0]["text"])


@pytest.mark.parametrize("answer", [FEW, MANY, SEVERAL, STRUCT])
@pytest.mark.parametrize("images", [1, 3])
def test_each_form_brings_the_same_answers(
    emulator: Any, picture: Callable[..., bytes], answer: AnswerType, images: int
) -> None:
    pictures = [picture(colour=colour) for colour in COLOURS[:images]]
    prompt = Prompt("Which colour?", "Which colour?", (), ())
    found: list[Any] = []
    for form in answer.forms():
        texts = request_texts([prompt] * images, answer.instruction(form, images))
        written = [texts.opening, *texts.before_pictures]
        config = answer.response_config(form, images)
        status, reply = emulator.ask(body_of(written, pictures, config), MODEL)
        assert status == 200, reply
        if images == 1:
            found.append(answer.parse(text_of(reply), form))
        else:
            found.append(answer.parse_packed(text_of(reply), images, form))
    assert all(one == found[0] for one in found)
    if answer in (FEW, MANY):
        assert found[0] == ("red" if images == 1 else {1: "red", 2: "green", 3: "blue"})


@pytest.mark.parametrize(("fault", "moved"), [("", 0), ("shifted", 1), ("swapped", 0)])
def test_the_word_of_a_picture_goes_with_its_answer(
    emulator: Any, picture: Callable[..., bytes], fault: str, moved: int
) -> None:
    emulator.faults(*([{"kind": fault}] if fault else []))
    pictures = [picture(colour=colour) for colour in COLOURS[:3]]
    words = [check_word(f"sha256:{number}", 1) for number in range(3)]
    texts = request_texts([Prompt("Which?", "Which?", (), ())] * 3, "", checks=words)
    form = FEW.forms()[0].__class__(FEW.forms()[0].dialect, FEW.forms()[0].labels, checked=True)
    body = body_of([texts.opening, *texts.before_pictures], pictures, FEW.response_config(form, 3))
    items = json.loads(text_of(emulator.ask(body, MODEL)[1]))
    assert [item["image"] for item in items] == [1, 2, 3]
    by_word = {item["check"]: item["answer"] for item in items}
    assert by_word == dict(zip(words, COLOURS, strict=False))
    order = [words.index(item["check"]) for item in items]
    assert (order == [0, 1, 2]) == (not fault)
    assert not moved or order == [1, 2, 0]


def test_words_about_the_form_are_no_part_of_the_question() -> None:
    listed = "Answer with the code of one label:\nbb cat\nbc big dog\nAnswer for each of"
    told = read_told(f"Which?\n{listed}")
    assert (told.question, told.labels) == ("Which?", {"bb": "cat", "bc": "big dog"})
    assert read_told("Which?\nOne of these labels:\ncat").question.endswith("cat")
