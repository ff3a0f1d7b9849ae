"""Several questions in one request: each has the answer that it has apart."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from google.genai import types
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tierwise.emulator.conftest import MODEL
from tests.tierwise.emulator.joint_requests import (
    ALL,
    CATEGORY,
    COLOURS,
    FACTS,
    MIXED,
    TEXT,
    TITLE,
    Question,
    apart,
    ask,
    blob,
    body_of,
    named,
    read_named,
    read_short,
    short,
    text_of,
)
from tierwise.answers.labels import OneLabel
from tierwise.emulator.joint import read_joint

ARCHIVE = Path(__file__).parents[3] / "examples" / "archive"
PHOTOGRAPHS = sorted(path for path in ARCHIVE.rglob("*.jp*g") if "failed" not in path.name)
QUESTIONS = st.lists(st.sampled_from(ALL), min_size=1, max_size=len(ALL), unique=True)
SEVERAL = st.lists(st.sampled_from(ALL), min_size=2, max_size=len(ALL), unique=True)
PICTURES = st.lists(st.sampled_from(PHOTOGRAPHS), min_size=2, max_size=5, unique=True)
DIALECTS = ("responseJsonSchema", "responseSchema", "words")
FEW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NUMBERS = (417, 133, 998, 100, 256)


@given(SEVERAL, st.sampled_from(PHOTOGRAPHS))
@FEW
def test_one_picture_by_numbers(emulator: Any, questions: list[Question], path: Path) -> None:
    data = path.read_bytes()
    wanted = [apart(emulator, one, [data])[0] for one in questions]
    assert read_short(questions, ask(emulator, short(questions, data))) == wanted


@given(QUESTIONS, PICTURES)
@FEW
def test_packs_by_numbers(emulator: Any, questions: list[Question], paths: list[Path]) -> None:
    pictures = [path.read_bytes() for path in paths]
    wanted = [apart(emulator, one, pictures) for one in questions]
    numbered = dict(zip(NUMBERS, pictures, strict=False))
    rows = ask(emulator, short(questions, numbered))
    assert [row[0] for row in rows] == list(numbered)
    found = [read_short(questions, row[1:]) for row in rows]
    assert found == [list(answers) for answers in zip(*wanted, strict=True)]


@given(SEVERAL, PICTURES, st.integers(0, 3), st.sampled_from(DIALECTS))
@FEW
def test_names(
    emulator: Any, questions: list[Question], paths: list[Path], rung: int, dialect: str
) -> None:
    pictures = [path.read_bytes() for path in paths]
    row = ask(emulator, named(questions, pictures[0], rung=rung, dialect=dialect))
    wanted = [apart(emulator, one, pictures[:1])[0] for one in questions]
    assert read_named(questions, row, rung) == wanted
    numbered = dict(zip(NUMBERS, pictures, strict=False))
    rows = ask(emulator, named(questions, numbered, rung=rung, dialect=dialect))
    assert [(next(iter(row)), row["image"]) for row in rows] == [("image", n) for n in numbered]
    packed = [apart(emulator, one, pictures) for one in questions]
    found = [read_named(questions, row, rung) for row in rows]
    assert found == [list(answers) for answers in zip(*packed, strict=True)]


def test_the_reply_is_what_the_schema_says(emulator: Any, picture: Any) -> None:
    reply = emulator.ask(short(MIXED, picture(colour="red")))[1]
    assert text_of(reply) == '[5,[7],"A medium red wide picture with smooth areas."]'


def test_the_real_client_sends_it_unchanged(emulator: Any, picture: Any) -> None:
    body = short(MIXED, picture())
    config = body["generationConfig"]
    part = types.Part.from_bytes(data=picture(), mime_type="image/jpeg")
    for client in (emulator.developer(), emulator.vertex()):
        reply = client.models.generate_content(
            model=MODEL,
            contents=[body["contents"][0]["parts"][0]["text"], part],
            config=types.GenerateContentConfig(
                response_mime_type="application/json",
                response_json_schema=config["responseJsonSchema"],
            ),
        )
        assert json.loads(reply.text) == ask(emulator, body)


@pytest.mark.parametrize(("name", "answer"), [("a blue one; b.jpg", "no"), ("a; b.jpg", "yes")])
def test_values_of_the_picture_stand_in_its_questions(
    emulator: Any, picture: Any, name: str, answer: str
) -> None:
    data = picture(colour="green")
    yes = OneLabel(("no", "yes"))
    whole = Question("q", f'Is "{name}" of "1900" dark?', yes)
    split = Question("q", "Is [filename] of [year] dark?", yes)
    own = [f'filename: "{name}"; year: "1900"']
    joint = read_short([split, TEXT], ask(emulator, short([split, TEXT], data, own)))
    assert joint == [apart(emulator, whole, [data])[0], apart(emulator, TEXT, [data])[0]]
    assert joint[0] == answer


LOUD = (
    "Question 2: is there anything?\nReply with a list of nothing.\n"
    "Answer with the number of one label:\n1 this\n2 that\nQuestion 3: what else?"
)


@pytest.mark.parametrize("place", range(3))
def test_prompts_may_look_like_the_form(emulator: Any, picture: Any, place: int) -> None:
    data = picture(colour="green")
    questions = [CATEGORY, COLOURS, TEXT]
    loud = Question("loud", LOUD, questions[place].answer)
    questions[place] = loud
    row = ask(emulator, short(questions, data))
    quiet = [CATEGORY, COLOURS, TEXT]
    wanted = read_short(quiet, ask(emulator, short(quiet, data)))
    found = read_short(questions, row)
    assert [a for i, a in enumerate(found) if i != place] == [
        a for i, a in enumerate(wanted) if i != place
    ]


@given(st.lists(st.sampled_from(ALL), min_size=2, max_size=5, unique=True), st.data())
def test_blocks_end_where_the_next_begins(questions: list[Question], data: st.DataObject) -> None:
    body = short(questions, b"")
    text = body["contents"][0]["parts"][0]["text"]
    joint = read_joint(text, body["generationConfig"]["responseJsonSchema"], "")
    assert joint is not None
    for one, found in zip(questions, joint.questions, strict=True):
        assert found.question.startswith(one.prompt)
        assert "Reply with" not in found.question
        assert tuple(found.options.values()) == one.answer.options()
    cut = data.draw(st.integers(0, len(questions) - 1))
    lines = [line for line in text.split("\n") if not line.startswith(f"Question {cut + 1}: ")]
    schema = body["generationConfig"]["responseJsonSchema"]
    assert read_joint("\n".join(lines), schema, "") is None


def test_numbers_without_bounds_are_labels_too(emulator: Any, picture: Any) -> None:
    body = short(MIXED, picture())
    wanted = ask(emulator, body)
    first, second, _ = body["generationConfig"]["responseJsonSchema"]["prefixItems"]
    for schema in (first, second["items"]):
        del schema["minimum"], schema["maximum"]
    assert ask(emulator, body) == wanted


def test_other_requests_are_no_joint_ones() -> None:
    text = "Answer 2 questions about the image, each on its own.\nQuestion 1: a\nQuestion 2: b"
    two: dict[str, Any] = {"type": "array", "prefixItems": [{"type": "string"}, {"type": "string"}]}
    assert read_joint(text, two, "") is not None
    assert read_joint(text, None, "") is None
    assert read_joint(text, {"type": "string"}, "") is None
    assert read_joint(text, {**two, "prefixItems": two["prefixItems"] * 2}, "") is None
    assert read_joint("What?", two, "") is None


def test_places_that_are_no_schemas_are_refused(emulator: Any, picture: Any) -> None:
    schema = {"type": "array", "prefixItems": ["string", {"type": "string"}]}
    body = body_of([{"text": "What?"}, blob(picture())], responseJsonSchema=schema)
    status, reply = emulator.ask(body)
    assert status == 400
    assert "prefixItems must be a JSON object" in reply["error"]["message"]


def test_bill_and_log_tell_of_the_questions(emulator: Any, picture: Any) -> None:
    one, other = picture(), picture(colour="red")
    for data in (one, other):
        emulator.ask(short([CATEGORY, FACTS], data))
    emulator.ask(short([CATEGORY, FACTS], {417: one, 133: other}))
    emulator.ask(named([CATEGORY, FACTS], one, dialect="responseSchema", rung=1))
    apart(emulator, TITLE, [one])
    log = emulator.log()
    assert [line["questions"] for line in log] == [2, 2, 2, 2, 1]
    assert len({line["prompt_sha256"] for line in log[:4]}) == 1
    assert log[4]["prompt_sha256"] != log[0]["prompt_sha256"]
    bill = emulator.bill()
    assert (bill["requests"], bill["images"]) == (5, 6)
    for name in ("input_tokens", "output_tokens", "image_tokens"):
        assert bill[name] == sum(line["tokens"][name] for line in log)
    refused = emulator.ask({"contents": []})
    assert refused[0] == 400
    assert emulator.log()[-1]["questions"] is None


def test_the_example_of_the_docs(emulator: Any) -> None:
    page = (ARCHIVE.parents[1] / "docs" / "emulator.md").read_text("utf-8")
    section = page.split("## Several questions in one request\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```\w*\n(.*?)\n```", section, re.DOTALL)
    (path,) = re.findall(r"`(examples/.*?)`", section)
    data = (ARCHIVE.parents[1] / path).read_bytes()
    parts = [{"text": blocks[0]}, blob(data)]
    body = body_of(parts, responseJsonSchema=json.loads(blocks[1]))
    assert text_of(emulator.ask(body)[1]) == blocks[2]
