import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.answers.json_schemas import Schema
from tierwise.answers.read_schema import read_schema
from tierwise.answers.replies import InvalidItem, ReplyError
from tierwise.answers.schema_dialects import json_schema
from tierwise.answers.structs import Struct

RAW = {
    "type": "object",
    "description": "The watermark",
    "properties": {
        "where": {"type": "string", "maxLength": 10, "description": "In words."},
        "present": {"type": "boolean"},
        "kind": {"anyOf": [{"type": "string", "enum": ["logo", "text"]}, {"type": "null"}]},
        "count": {"type": ["integer", None], "minimum": 0, "maximum": 9},
        "share": {"type": "number"},
        "tags": {"type": "array", "items": {"type": "string", "minLength": 2}, "maxItems": 2},
        "box": {
            "type": "object",
            "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}},
            "required": ["x"],
        },
    },
    "required": ["present", "kind"],
}
ANSWER = Struct(read_schema(RAW))
GOOD: dict[str, Any] = {"present": True, "kind": None}


def test_the_wire_schema_fixes_the_order_and_says_lengths_in_words() -> None:
    assert ANSWER.response_config() == {
        "responseMimeType": "application/json",
        "responseJsonSchema": {
            "type": "object",
            "description": "The watermark",
            "properties": {
                "where": {"type": "string", "description": "In words. At most 10 characters."},
                "present": {"type": "boolean"},
                "kind": {"anyOf": [{"type": "string", "enum": ["logo", "text"]}, {"type": "null"}]},
                "count": {"type": ["integer", "null"], "minimum": 0, "maximum": 9},
                "share": {"type": "number"},
                "tags": {
                    "type": "array",
                    "items": {"type": "string", "description": "At least 2 characters."},
                    "maxItems": 2,
                },
                "box": {
                    "type": "object",
                    "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}},
                    "required": ["x"],
                    "propertyOrdering": ["x", "y"],
                },
            },
            "required": ["present", "kind"],
            "propertyOrdering": ["where", "present", "kind", "count", "share", "tags", "box"],
        },
    }


def test_a_pack_holds_one_object_per_image() -> None:
    items = ANSWER.response_config(images=4)["responseJsonSchema"]
    assert (items["type"], items["minItems"], items["maxItems"]) == ("array", 4, 4)
    assert items["items"]["properties"]["answer"] == json_schema(ANSWER.fields)


def test_the_column_type_has_types_alone() -> None:
    assert ANSWER.value_schema() == {
        "type": "object",
        "properties": {
            "where": {"type": "string"},
            "present": {"type": "boolean"},
            "kind": {"type": ["string", "null"]},
            "count": {"type": ["integer", "null"]},
            "share": {"type": "number"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "box": {
                "type": "object",
                "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}},
            },
        },
    }


def test_properties_come_back_in_the_schemas_order() -> None:
    reply = '{"kind": "logo", "count": 3.0, "present": false, "where": "left"}'
    assert list(ANSWER.parse(reply).items()) == [
        ("where", "left"),
        ("present", False),
        ("kind", "logo"),
        ("count", 3),
    ]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"present": None}, "answer.present is null, not true or false"),
        ({"present": 1}, "answer.present is a number, not true or false"),
        ({"kind": "Logo"}, "answer.kind is 'Logo', which is not among its values"),
        ({"where": "a" * 11}, "answer.where is 11 characters, more than 10 characters"),
        ({"where": "\ud800"}, "half a character"),
        ({"where": None}, "answer.where is null, not a string"),
        ({"count": 10}, "answer.count is 10, more than 9"),
        ({"count": -1}, "answer.count is -1, less than 0"),
        ({"count": 1.5}, "not a whole number"),
        ({"count": True}, "answer.count is true or false, not a number"),
        ({"share": "1"}, "answer.share is a string, not a number"),
        ({"share": 2**64}, "more than 64 bits"),
        ({"tags": ["ab", "cd", "ef"]}, "answer.tags is 3 items, more than 2 items"),
        ({"tags": ["ab", "c"]}, "answer.tags[1] is 1 characters, less than 2 characters"),
        ({"tags": {}}, "answer.tags is an object, not an array"),
        ({"box": {"y": 1}}, "answer.box lacks the property 'x'"),
        ({"box": []}, "answer.box is an array, not an object"),
        ({"more": 1}, "answer has the unknown property 'more'"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(ReplyError) as raised:
        ANSWER.parse(json.dumps(GOOD | changed))
    assert why in str(raised.value)


@pytest.mark.parametrize("reply", ["", "{", "[]", "null", '{"present": true}', "1e999"])
def test_what_is_no_object_of_the_schema_is_refused(reply: str) -> None:
    with pytest.raises(ReplyError):
        ANSWER.parse(reply)


def test_a_number_beyond_all_bounds_is_refused() -> None:
    with pytest.raises(ReplyError, match="64 bits"):
        ANSWER.parse('{"present": true, "kind": null, "share": 1e999}')


def test_a_pack_keeps_its_good_items() -> None:
    reply = json.dumps([{"image": 1, "answer": GOOD}, {"image": 2, "answer": {}}])
    items = ANSWER.parse_packed(reply, 2)
    assert items[1] == GOOD
    assert isinstance(items[2], InvalidItem)


def test_the_output_limit_follows_the_bounds() -> None:
    def limit(**bounds: int) -> int:
        fields = {"words": {"type": "string", **bounds}}
        return Struct(read_schema({"type": "object", "properties": fields})).max_output_tokens()

    assert limit(maxLength=40) < limit(maxLength=400) <= limit() < limit(maxLength=4000)


names = st.sampled_from(["a", "b", "c", "d"])


def objects(nodes: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.dictionaries(names, nodes, min_size=1).flatmap(
        lambda properties: st.builds(
            Schema,
            type=st.just("object"),
            properties=st.just(tuple(properties.items())),
            required=st.lists(st.sampled_from(sorted(properties)), unique=True).map(tuple),
        )
    )


leaves = st.builds(
    Schema,
    type=st.sampled_from(["string", "integer", "number", "boolean"]),
    nullable=st.booleans(),
)
schemas = st.recursive(
    leaves,
    lambda nodes: (
        objects(nodes)
        | st.builds(Schema, type=st.just("array"), items=nodes, nullable=st.booleans())
    ),
    max_leaves=6,
)
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
}


def values(schema: Schema) -> st.SearchStrategy[Any]:
    if schema.type == "object":
        fields = {name: values(below) for name, below in schema.properties}
        required = {name: value for name, value in fields.items() if name in schema.required}
        optional = {name: value for name, value in fields.items() if name not in required}
        found: st.SearchStrategy[Any] = st.fixed_dictionaries(required, optional=optional)
    elif schema.items:
        found = st.lists(values(schema.items), max_size=3)
    else:
        found = SCALARS[schema.type]
    return found | st.none() if schema.nullable else found


@given(objects(schemas).flatmap(lambda schema: st.tuples(st.just(schema), values(schema))))
def test_every_value_of_a_schema_comes_back_as_it_was(case: tuple[Schema, Any]) -> None:
    schema, value = case
    assert Struct(schema).parse(json.dumps(value)) == value


@given(objects(schemas), st.text())
def test_no_reply_breaks_the_parser(schema: Schema, text: str) -> None:
    for reply in (text, json.dumps({text: 1}), json.dumps([text])):
        try:
            assert Struct(schema).parse(reply) is not None
        except ReplyError as error:
            assert str(error)


@given(objects(schemas))
def test_a_schema_on_the_wire_reads_back_as_itself(schema: Schema) -> None:
    def without_ordering(wire: Any) -> Any:
        if isinstance(wire, dict):
            return {k: without_ordering(v) for k, v in wire.items() if k != "propertyOrdering"}
        return wire

    assert read_schema(without_ordering(json_schema(schema))) == schema


def test_a_value_of_an_enum_is_known_in_any_normal_form() -> None:
    node = {"type": "string", "enum": ["caf\u00e9", "bar"]}
    answer = Struct(read_schema({"type": "object", "properties": {"p": node}}))
    assert answer.read({"p": "cafe\u0301"}) == {"p": "caf\u00e9"}
