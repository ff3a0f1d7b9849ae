"""JSON Schema as others write it: pydantic's own output, zod's, and Google's documents."""

from __future__ import annotations

import datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from tierwise.answers.json_schemas import MismatchError, Schema
from tierwise.answers.read_schema import read_schema
from tierwise.answers.schema_dialects import json_schema
from tierwise.answers.structs import Struct
from tierwise.errors import TasksError


class Kind(StrEnum):
    """What was paid for."""

    FOOD = "food"
    FUEL = "fuel"


class Stars(IntEnum):
    ONE = 1
    TWO = 2


class Line(BaseModel):
    """One line of a receipt."""

    name: str = Field(max_length=40, examples=["Milk"])
    price: Decimal
    count: int = Field(default=1, gt=0)


class Receipt(BaseModel):
    """A receipt, as pydantic describes it."""

    model_config = ConfigDict(extra="forbid", title="Receipt of a shop")

    shop: str | None = Field(default=None, description="Its name.")
    bought: datetime.date
    at: datetime.datetime | None = None
    kind: Kind = Field(Kind.FOOD, description="What was paid for?")
    currency: Literal["EUR", "CHF"] = "EUR"
    form: Literal["receipt"] = "receipt"
    stars: Stars | None = None
    total: float = Field(ge=0, lt=1e6)
    ratio: int | float = 0
    lines: list[Line] = []
    best: Line | None = None
    tags: set[str] = Field(default_factory=set, max_length=5)
    paid: bool = True
    odd: Literal["a", None] = None


def test_a_model_of_pydantic_is_taken_as_it_is() -> None:
    schema = read_schema(Receipt.model_json_schema())
    found = dict(schema.properties)
    assert schema.description == "A receipt, as pydantic describes it."
    assert schema.required == ("bought", "total")
    assert found["shop"] == Schema("string", nullable=True, description="Its name.")
    assert found["bought"] == Schema("string", format="date")
    assert found["at"] == Schema("string", nullable=True, format="date-time")
    assert found["kind"] == Schema(
        "string", enum=("food", "fuel"), description="What was paid for?"
    )
    assert found["currency"] == Schema("string", enum=("EUR", "CHF"))
    assert found["form"] == Schema("string", enum=("receipt",))
    assert found["stars"] == Schema("integer", nullable=True, enum=(1, 2))
    assert found["total"] == Schema("number", at_least=0, at_most=1e6, exclusive=(False, True))
    assert found["ratio"] == Schema("number")
    assert found["tags"] == Schema("array", items=Schema("string"), at_most=5, unique=True)
    assert found["paid"] == Schema("boolean")
    assert found["odd"] == Schema("string", nullable=True, enum=("a",))
    line = found["lines"].items
    assert line is not None
    assert dict(line.properties)["price"] == Schema("number")
    assert dict(line.properties)["count"] == Schema("integer", at_least=0, exclusive=(True, False))
    assert found["best"].nullable
    assert found["best"].properties == line.properties


def test_what_comes_back_is_held_to_it() -> None:
    answer = Struct(read_schema(Receipt.model_json_schema()))
    good = {"bought": "2026-11-29", "total": 9.5, "tags": ["a", "b", "a"]}
    assert answer.read(good) == {"bought": "2026-11-29", "total": 9.5, "tags": ["a", "b"]}
    for bad in (
        {"bought": "29.11.2026"},
        {"bought": "20261129"},
        {"total": 1e6},
        {"currency": "USD"},
        {"at": "noon"},
    ):
        with pytest.raises(Exception, match="does not fit its schema"):
            answer.read(good | bad)
    Receipt.model_validate(answer.read(good))


def test_what_is_sent_says_what_gemini_knows_and_tells_the_rest() -> None:
    wire = json_schema(read_schema(Receipt.model_json_schema()))["properties"]
    assert wire["bought"] == {"type": "string", "format": "date"}
    assert wire["total"]["description"] == "Less than 1000000.0."
    assert wire["tags"]["description"] == "No item twice."


ZOD = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$ref": "#/definitions/Shop",
    "definitions": {
        "Shop": {
            "type": "object",
            "properties": {
                "mail": {"type": "string", "format": "email", "pattern": "^.+@.+$"},
                "size": {"anyOf": [{"const": "S"}, {"const": "L"}, {"type": "null"}]},
                "door": {"oneOf": [{"type": "string", "const": "in"}, {"enum": ["out"]}]},
                "both": {"allOf": [{"$ref": "#/definitions/Name"}], "description": "Mine."},
                "loose": {"enum": ["a", None]},
            },
            "required": ["mail", "size"],
            "additionalProperties": False,
        },
        "Name": {"type": "string", "minLength": 1, "default": "x"},
    },
}
GOOGLE = {
    "type": "OBJECT",
    "properties": {
        "b": {"type": "STRING", "format": "enum", "enum": ["x", "y"], "nullable": True},
        "a": {"type": "ARRAY", "items": {"type": "NUMBER", "format": "float"}, "maxItems": "3"},
        "c": {"type": ["INTEGER", "NULL"], "example": 3},
    },
    "propertyOrdering": ["a", "b"],
}


def test_a_schema_of_zod_is_taken_as_it_is() -> None:
    found = dict(read_schema(ZOD).properties)
    assert found["mail"] == Schema("string", description="Format: email.")
    assert found["size"] == Schema("string", nullable=True, enum=("S", "L"))
    assert found["door"] == Schema("string", enum=("in", "out"))
    assert found["both"] == Schema("string", at_least=1, description="Mine.")
    assert found["loose"] == Schema("string", nullable=True, enum=("a",))


def test_a_schema_of_googles_documents_is_taken_as_it_is() -> None:
    schema = read_schema(GOOGLE)
    assert [name for name, _ in schema.properties] == ["a", "b", "c"]
    found = dict(schema.properties)
    assert found["a"] == Schema("array", items=Schema("number"), at_most=3)
    assert found["b"] == Schema("string", nullable=True, enum=("x", "y"))
    assert found["c"] == Schema("integer", nullable=True)


class Node(BaseModel):
    """A tree has no depth that a table could have."""

    child: Node | None = None


class Free(BaseModel):
    """Names that nobody knows are no columns."""

    prices: dict[str, float]


class Pair(BaseModel):
    """Places without names."""

    at: tuple[int, str]


class Coded(BaseModel):
    """A form that Gemini does not follow."""

    code: str = Field(pattern=r"^\d{4}$")


class Mixed(BaseModel):
    """Two types for one column."""

    value: int | str


class Anything(BaseModel):
    """No type at all."""

    value: Any


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Node, r"\$ref leads back to '#/\$defs/Node'. A column has an end"),
        (Free, "schema.properties.prices may have properties of any name. A table needs"),
        (Pair, "prefixItems is .* Write an object with a name for each place"),
        (Coded, "pattern is .* Gemini follows no patterns"),
        (Mixed, "anyOf is .* a column has one type. Choose one type"),
        (Anything, "schema.properties.value.type is missing. Write one of"),
    ],
)
def test_what_a_table_or_gemini_cannot_have_is_refused_with_the_reason(
    model: type[BaseModel], said: str
) -> None:
    with pytest.raises(TasksError, match=said):
        read_schema(model.model_json_schema())


@pytest.mark.parametrize(
    ("node", "said"),
    [
        ({"$ref": "#/$defs/None"}, "is '#/\\$defs/None', which is not in the schema"),
        ({"$ref": "https://a/b.json"}, "is not in the schema"),
        ({"const": True}, "leaves a boolean one value"),
        ({"type": "null"}, "type is 'null'"),
        ({"enum": [1, "a"]}, "type is "),
        ({"type": "integer", "exclusiveMinimum": True}, "exclusiveMinimum is true"),
        ({"type": "string", "multipleOf": 2}, "Gemini follows no steps"),
        ({"type": "string", "maxLenght": 2}, "Did you mean maxLength"),
        (True, "properties.p is true; a mapping is expected"),
    ],
)
def test_what_says_nothing_is_refused_with_the_reason(node: Any, said: str) -> None:
    with pytest.raises(TasksError, match=said):
        read_schema({"type": "object", "properties": {"p": node}})


def test_references_that_unfold_without_end_are_refused_at_once() -> None:
    level = {"type": "object", "properties": {f"p{n}": {"$ref": "#/$defs/d1"} for n in range(90)}}
    levels = {
        f"d{depth}": {
            "type": "object",
            "properties": {f"p{n}": {"$ref": f"#/$defs/d{depth + 1}"} for n in range(90)},
        }
        for depth in range(1, 5)
    }
    with pytest.raises(TasksError, match="makes the schema too large"):
        read_schema({**level, "$defs": {**levels, "d5": {"type": "string"}}})


@pytest.mark.parametrize("bad", [5, 5.5])
def test_a_bound_that_is_out_is_out(bad: float) -> None:
    schema = read_schema(
        {"type": "object", "properties": {"p": {"type": "number", "exclusiveMaximum": 5}}}
    )
    assert schema.check({"p": 4.9}) == {"p": 4.9}
    with pytest.raises(MismatchError):
        schema.check({"p": bad})
