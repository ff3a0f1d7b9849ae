"""Answers fit their schema, and depend on nothing but picture, question and resolution."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwise.emulator.answers import Filler
from tierwise.emulator.looks import Look, look_at
from tierwise.emulator.schemas import from_json_schema, from_response_schema
from tierwise.emulator.sight import Seen

COLOURS = st.tuples(*[st.integers(0, 255)] * 3)
WORDS = st.text("abcdefg", min_size=1, max_size=6)


def plain_look(colour: tuple[int, int, int], size: tuple[int, int] = (64, 48)) -> Look:
    pixels = np.full((size[1], size[0], 3), colour, dtype=np.uint8)
    return look_at(Seen(*size, pixels))


LOOKS = COLOURS.map(plain_look)
ENUMS = st.lists(WORDS, min_size=1, max_size=6, unique=True).map(
    lambda labels: {"type": "string", "enum": labels}
)
SCALARS = st.one_of(
    st.just({"type": "boolean"}),
    ENUMS,
    st.integers(1, 30).map(lambda n: {"type": "string", "maxLength": n}),
    st.tuples(st.integers(-99, 99), st.integers(0, 99)).map(
        lambda t: {"type": "integer", "minimum": t[0], "maximum": t[0] + t[1]}
    ),
    st.tuples(st.floats(-9, 9), st.floats(0, 9)).map(
        lambda t: {"type": "number", "minimum": t[0], "maximum": t[0] + t[1]}
    ),
)
SCHEMAS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.tuples(inner, st.integers(0, 3), st.integers(0, 3)).map(
            lambda t: {"type": "array", "items": t[0], "minItems": t[1], "maxItems": t[1] + t[2]}
        ),
        st.dictionaries(WORDS, inner, min_size=1, max_size=4).map(
            lambda p: {"type": "object", "properties": p, "required": sorted(p)}
        ),
    ),
    max_leaves=6,
)


def fits(value: Any, schema: dict[str, Any]) -> bool:
    kind = schema["type"]
    if kind == "object":
        properties = schema["properties"]
        return set(value) == set(properties) and all(fits(value[k], properties[k]) for k in value)
    if kind == "array":
        enum = schema["items"].get("enum")
        least = min(schema["minItems"], len(enum)) if enum else schema["minItems"]
        unique = not enum or len(set(value)) == len(value)
        within = least <= len(value) <= schema["maxItems"]
        return unique and within and all(fits(item, schema["items"]) for item in value)
    if kind == "string":
        return value in schema["enum"] if "enum" in schema else len(value) <= schema["maxLength"]
    if kind == "boolean":
        return isinstance(value, bool)
    return (kind == "number" or isinstance(value, int)) and (
        schema["minimum"] <= value <= schema["maximum"]
    )


@settings(deadline=None)
@given(st.lists(LOOKS, min_size=1, max_size=3), SCHEMAS, st.text(max_size=20))
def test_answers_fit_any_schema(looks: list[Look], schema: dict[str, Any], question: str) -> None:
    value = Filler(looks, question).value(from_json_schema(schema))
    assert fits(json.loads(json.dumps(value)), schema)


@settings(deadline=None)
@given(LOOKS, SCHEMAS, st.text(max_size=20))
def test_the_same_again(look: Look, schema: dict[str, Any], question: str) -> None:
    checked = from_json_schema(schema)
    assert Filler([look], question).value(checked) == Filler([look], question).value(checked)


@settings(deadline=None)
@given(LOOKS, ENUMS)
def test_outside_is_outside(look: Look, schema: dict[str, Any]) -> None:
    value = Filler([look], "", outside=True).value(from_json_schema(schema))
    assert value not in schema["enum"]


def test_unknown_labels_are_not_all_answered_alike() -> None:
    labels = ["zorb", "quix", "blem", "trov"]
    rng = np.random.default_rng(1)
    tints = [tuple(int(c) for c in rng.integers(0, 256, 3)) for _ in range(60)]
    schema = {"type": "string", "enum": labels}
    chosen = {Filler([plain_look((t[0], t[1], t[2]))], "").value(schema) for t in tints}
    assert len(chosen) >= 3


@pytest.mark.parametrize("doubt", ["unsure", "Unsure", "not sure"])
def test_where_two_labels_fit_as_well_it_may_be_unsure(doubt: str) -> None:
    pixels = np.full((48, 64, 3), (200, 20, 20), dtype=np.uint8)
    red = look_at(Seen(64, 48, pixels.copy()))
    pixels[:, 32:] = (20, 30, 200)
    half = look_at(Seen(64, 48, pixels))
    without = {"type": "string", "enum": ["red", "green", "blue"]}
    offered = {"type": "string", "enum": ["red", doubt, "green", "blue"]}
    assert Filler([red], "").value(offered) == Filler([red], "").value(without) == "red"
    assert Filler([half], "").value(offered) == doubt
    assert Filler([half], "").value(without) in ("red", "blue")


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_pictures_asked_about_together_are_weighed_together(order: tuple[int, ...]) -> None:
    schema = {"type": "string", "enum": ["red", "green", "blue"]}
    looks = [plain_look(colour) for colour in ((20, 30, 200), (200, 20, 20), (210, 10, 10))]
    alone = [Filler([look], "").value(schema) for look in looks]
    assert alone == ["blue", "red", "red"]
    assert Filler([looks[number] for number in order], "").value(schema) == "red"


def test_property_ordering_is_honoured() -> None:
    schema = {
        "type": "OBJECT",
        "properties": {
            "a": {"type": "BOOLEAN"},
            "b": {"type": "BOOLEAN"},
            "c": {"type": "BOOLEAN"},
        },
        "property_ordering": ["c", "a", "b"],
    }
    assert list(Filler([plain_look((9, 9, 9))], "").value(from_response_schema(schema))) == list(
        "cab"
    )


@pytest.mark.parametrize(
    ("labels", "colour", "label"),
    [
        (["red", "green", "blue"], (200, 20, 20), "red"),
        (["red", "green", "blue"], (20, 160, 40), "green"),
        (["Blue", "Yellow"], (20, 30, 200), "Blue"),
        (["night", "day"], (5, 5, 10), "night"),
        (["night", "day"], (240, 240, 235), "day"),
    ],
)
def test_labels_that_pixels_can_tell(
    labels: list[str], colour: tuple[int, int, int], label: str
) -> None:
    assert Filler([plain_look(colour)], "").value({"type": "string", "enum": labels}) == label


def test_references_and_alternatives_are_resolved() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"$ref": "#/$defs/Tone"},
            "b": {"anyOf": [{"type": "null"}, {"type": "integer", "maximum": 3}]},
            "c": {"type": ["string", "null"], "maxLength": 4},
        },
        "$defs": {"Tone": {"enum": ["dark", "bright"]}},
    }
    value = Filler([plain_look((0, 0, 0))], "").value(from_json_schema(schema))
    assert value["a"] == "dark"
    assert 0 <= value["b"] <= 3
    assert len(value["c"]) <= 4


def ask_json(emulator: Any, schema: dict[str, Any], parts: list[dict[str, Any]]) -> Any:
    config = {"responseMimeType": "application/json", "responseJsonSchema": schema}
    status, reply = emulator.ask({"contents": [{"parts": parts}], "generationConfig": config})
    assert status == 200, reply
    return json.loads(reply["candidates"][0]["content"]["parts"][0]["text"])


def test_text_alone_is_answered_from_the_text(emulator: Any) -> None:
    schema = {"type": "string", "enum": ["zorb", "quix", "blem", "trov"]}
    answers = [ask_json(emulator, schema, [{"text": f"Number {i}"}]) for i in range(12)]
    again = [ask_json(emulator, schema, [{"text": f"Number {i}"}]) for i in range(12)]
    assert answers == again
    assert len(set(answers)) > 1


def test_free_text_is_one_sentence(emulator: Any, picture: Callable[..., bytes]) -> None:
    reply = emulator.ask({"contents": [{"parts": [{"text": "Describe it."}]}]})[1]
    text = reply["candidates"][0]["content"]["parts"][0]["text"]
    assert text.endswith(".")
    assert text.count(".") == 1
    assert len(text) <= 100


def test_output_limit_cuts_the_text(emulator: Any) -> None:
    body = {
        "contents": [{"parts": [{"text": "Hello"}]}],
        "generationConfig": {"maxOutputTokens": 3},
    }
    _, reply = emulator.ask(body)
    candidate = reply["candidates"][0]
    assert candidate["finishReason"] == "MAX_TOKENS"
    assert len(candidate["content"]["parts"][0]["text"]) == 12
    assert reply["usageMetadata"]["candidatesTokenCount"] == 3
