"""Every way to put a question has the same possible answers, and asks less of the service."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.forms import Dialect, Form, LabelForm, label_names
from tierwise.answers.json_schemas import Schema
from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.answers.read_schema import read_schema
from tierwise.answers.structs import Struct
from tierwise.answers.text import Text

FEW = OneLabel(("cat", "dog", "sky"))
MANY = OneLabel(tuple(f"kind {number}" for number in range(300)))
SEVERAL = SeveralLabels(FEW.labels)
STRUCT = Struct(
    read_schema(
        {
            "type": "object",
            "properties": {
                "kind": {"type": "string", "enum": ["logo", "text"]},
                "count": {"type": ["integer", "null"], "minimum": 0, "maximum": 9},
                "level": {"type": "integer", "enum": [1, 2]},
                "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
            },
            "required": ["kind"],
        }
    )
)
ALL: list[AnswerType] = [FEW, MANY, SEVERAL, SeveralLabels(MANY.labels), STRUCT, Text(40)]


def ladder(answer: AnswerType, images: int) -> list[Form]:
    """The forms that a service meets which refuses all of them."""
    found = [answer.forms()[0]]
    while after := answer.next_form(found[-1], images):
        found.append(after)
    return found


def keys_of(config: Any) -> set[str]:
    if isinstance(config, dict):
        return set(config).union(*map(keys_of, config.values()))
    return set().union(*map(keys_of, config)) if isinstance(config, list) else set()


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        (FEW, ["enum", "numbers", "codes", "prompt"]),
        (SEVERAL, ["enum", "numbers", "codes", "prompt"]),
        (MANY, ["numbers", "codes", "prompt"]),
        (STRUCT, ["", "", "simple", "prompt"]),
    ],
)
@pytest.mark.parametrize("images", [1, 8])
def test_the_ladder(answer: AnswerType, names: list[str], images: int) -> None:
    assert [form.name for form in ladder(answer, images)] == names


def test_plain_text_has_one_form_and_a_pack_of_texts_three() -> None:
    assert len(ladder(Text(40), 1)) == 1
    assert [form.name for form in ladder(Text(40), 8)] == ["", "simple", "prompt"]


@pytest.mark.parametrize("answer", ALL)
@pytest.mark.parametrize("images", [1, 8])
def test_each_form_asks_otherwise_and_the_last_has_no_schema(
    answer: AnswerType, images: int
) -> None:
    forms = ladder(answer, images)
    put = [(answer.response_config(one, images), answer.instruction(one, images)) for one in forms]
    assert all(before != after for before, after in pairwise(put))
    if images > 1 or not isinstance(answer, Text):
        assert set(put[-1][0]) == {"responseMimeType"}


@pytest.mark.parametrize("answer", ALL)
def test_without_bounds_there_are_none_and_enums_are_of_labels(answer: AnswerType) -> None:
    for form in answer.forms():
        keys = keys_of(answer.response_config(form, 8))
        bounds = {"minimum", "maximum", "minItems", "maxItems"}
        assert bool(keys & bounds) == form.bounded
        assert form.bounded or "enum" not in keys or form.labels is LabelForm.NUMBERS


def test_a_struct_in_simple_words_tells_what_it_may_hold() -> None:
    simple = next(form for form in STRUCT.forms() if form.name == "simple")
    schema = STRUCT.response_config(simple)["responseSchema"]
    assert schema["properties"] == {
        "kind": {"type": "STRING", "description": "One of: logo, text."},
        "count": {"type": "INTEGER", "nullable": True, "description": "At least 0. At most 9."},
        "level": {"type": "INTEGER", "description": "One of: 1, 2."},
        "tags": {"type": "ARRAY", "items": {"type": "STRING"}, "description": "At most 3 items."},
    }


def test_openapi_has_no_type_lists_no_alternatives_and_no_enums_of_numbers() -> None:
    openapi = next(form for form in STRUCT.forms() if form.dialect is Dialect.OPENAPI)
    schema = STRUCT.response_config(openapi)["responseSchema"]
    assert schema["properties"]["kind"] == {"type": "STRING", "enum": ["logo", "text"]}
    assert schema["properties"]["count"] == {
        "type": "INTEGER",
        "nullable": True,
        "minimum": 0,
        "maximum": 9,
    }
    assert schema["properties"]["level"] == {"type": "INTEGER", "description": "One of: 1, 2."}
    assert schema["propertyOrdering"] == ["kind", "count", "level", "tags"]


@pytest.mark.parametrize("images", [1, 3])
def test_the_last_form_tells_in_the_prompt_what_the_schema_told(images: int) -> None:
    last = STRUCT.forms()[-1]
    words, _, schema = STRUCT.instruction(last, images).partition("\n")
    assert words == "Answer with nothing but JSON that fits this JSON Schema:"
    told = json.loads(schema)
    assert told["type"] == ("object" if images == 1 else "array")
    assert "kind 299" in MANY.instruction(MANY.forms()[-1]).splitlines()


def test_a_checked_pack_has_a_word_before_each_answer() -> None:
    for answer in ALL:
        for form in answer.forms():
            checked = Form(form.dialect, form.labels, form.bounded, checked=True)
            written = json.dumps(answer.response_config(checked, 2))
            written += answer.instruction(checked, 2)
            assert written.index("check") < written.index("answer", written.index("check"))
            assert answer.response_config(checked) == answer.response_config(form)


@given(st.integers(2, 3000))
def test_codes_are_short_distinct_and_no_words(labels: int) -> None:
    codes = label_names(tuple(map(str, range(labels))), LabelForm.CODES)
    assert len(set(codes)) == labels
    assert {len(code) for code in codes} == {2 if labels <= 361 else 3}
    assert set("".join(codes)).isdisjoint("aeiouy")


@pytest.mark.parametrize(
    "labels",
    [
        ("3", "2", "1"),
        ("bc", "BB", "tv", "dvd"),
        tuple(map(str, range(60))),
        tuple(f"{year}" for year in range(1, 400, 2)),
        ("cat", "３", *(f"kind {place}" for place in range(60))),
    ],
)
def test_who_answers_with_a_label_means_that_one_whatever_stands_for_labels(
    labels: tuple[str, ...],
) -> None:
    answer = OneLabel(labels)
    for form in answer.forms():
        names = label_names(labels, form.labels, form.first_number)
        assert [answer.parse(label, form) for label in labels] == list(labels)
        assert [answer.parse(name, form) for name in names] == list(labels)
        assert answer.travels_as(form).enum in ((), names)


def test_the_shape_of_an_answer_does_not_depend_on_its_form() -> None:
    assert FEW.schema() == Schema("string", enum=FEW.labels)
    assert len({json.dumps(answer.identity()) for answer in (FEW, OneLabel(FEW.labels))}) == 1


def test_output_limits_leave_room_in_every_form() -> None:
    many = SeveralLabels(tuple(f"a rather long kind of picture {number}" for number in range(300)))
    for form in many.forms():
        assert many.answer_tokens() + many.extra_tokens(form) >= many.answer_tokens(form)
    assert many.extra_tokens(many.forms()[0]) == 0 < many.extra_tokens(many.forms()[-1])
