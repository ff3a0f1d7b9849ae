"""One comparison by the schema, beside a second one that was written for nothing else."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tierwise.answers.comparing import is_same
from tierwise.answers.json_schemas import Schema
from tierwise.answers.structs import Struct
from tierwise.answers.truths import read_truth

WORDS = st.sampled_from(["a", "A", " a", "0012", "12", "New  York", "new york", "5", "5.0", ""])


def schemas(depth: int = 2) -> st.SearchStrategy[Schema]:
    plain = st.sampled_from(
        [
            Schema("string"),
            Schema("string", enum=("Cash", "card")),
            Schema("number", nullable=True),
            Schema("integer"),
            Schema("boolean"),
            Schema("string", nullable=True),
        ]
    )
    if depth == 0:
        return plain
    below = schemas(depth - 1)
    return (
        plain
        | st.builds(lambda items: Schema("array", items=items), below)
        | st.dictionaries(st.sampled_from("xyz"), below, min_size=1).map(
            lambda some: Schema("object", properties=tuple(some.items()))
        )
    )


def values(schema: Schema) -> st.SearchStrategy[Any]:
    found: st.SearchStrategy[Any]
    match schema.type:
        case "string":
            found = st.sampled_from(schema.enum) if schema.enum else WORDS
        case "number":
            found = st.sampled_from([5, 5.0, 0, 0.0, 0.1])
        case "integer":
            found = st.integers(0, 2)
        case "boolean":
            found = st.booleans()
        case "array":
            found = st.lists(values(schema.items or Schema("string")), max_size=2)
        case _:
            found = st.fixed_dictionaries(
                {}, optional={name: st.none() | values(below) for name, below in schema.properties}
            )
    return st.none() | found if schema.nullable else found


def flat(schema: Schema, value: Any, path: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], Any]:
    """What a value says, place by place, in a form of which equal ones are the same."""
    if value is None:
        return {}
    if schema.type == "object":
        parts = [flat(b, value.get(name), (*path, name)) for name, b in schema.properties]
        return {path: "object"} | {k: v for part in parts for k, v in part.items()}
    if schema.type == "array":
        items = schema.items or Schema("string")
        parts = [flat(items, one, (*path, place)) for place, one in enumerate(value)]
        return {path: len(value)} | {k: v for part in parts for k, v in part.items()}
    if schema.type == "string":
        if schema.enum:
            return {path: value}
        normal = unicodedata.normalize("NFKC", value).casefold().split()
        return {path: tuple(normal)}
    return {path: (schema.type, float(value))}


both = schemas().flatmap(lambda one: st.tuples(st.just(one), values(one), values(one)))
structs = (
    schemas()
    .filter(lambda one: one.type == "object")
    .flatmap(lambda one: st.tuples(st.just(one), values(one), values(one)))
)


@given(both)
def test_two_values_are_the_same_where_they_say_the_same_place_by_place(
    drawn: tuple[Schema, Any, Any],
) -> None:
    schema, first, second = drawn
    assert is_same(schema, first, second) == (flat(schema, first) == flat(schema, second))
    assert is_same(schema, first, second) == is_same(schema, second, first)
    assert is_same(schema, first, first)


@given(structs, st.randoms())
def test_a_struct_is_scored_by_the_properties_that_people_have_named(
    drawn: tuple[Schema, Any, Any], chance: Any
) -> None:
    schema, written, value = drawn
    # Keys in another order, and numbers as others would write them.
    names = list(written)
    chance.shuffle(names)
    document = json.dumps({name: written[name] for name in names})
    kind = Struct(schema)
    if not written:
        return
    truth = read_truth(kind, {"bill": document})
    right = [
        flat(below, written[name]) == flat(below, value.get(name))
        for name, below in schema.properties
        if name in written
    ]
    assert kind.score(truth, value) == sum(right) / len(written)
    assert kind.agrees(truth, value) == all(right)
    # Nothing is lost by what nobody gave, on either side.
    assert [part.name for part in kind.parts(truth, value)] == [
        name for name, _ in schema.properties if name in written
    ]
