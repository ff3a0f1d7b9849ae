"""The part of JSON Schema that an answer may have, read once and then checked against replies.

The subset is what Gemini takes in `responseJsonSchema` and what a table column can hold. Limits
are checked here, for the service refuses large schemas ("too many states for serving") only after
a job has started.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from unicodedata import normalize

from tierwise.errors import TasksError

MAX_SCHEMA_DEPTH = 5
MAX_PROPERTIES = 100
MAX_ENUM_VALUES = 500
INTEGERS = range(-(2**63), 2**63)

Json = Mapping[str, Any]


_CHARACTERS = " characters"


def is_too_long(message: str) -> bool:
    """Whether a `MismatchError` says that a text has more characters than its bound.

    >>> is_too_long("answer is 46 characters, more than 40 characters")
    True
    """
    return f"{_CHARACTERS}, more than " in message


class MismatchError(ValueError):
    """A value is not what its schema says; the message names the place within the value."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One node of a schema. Bounds are inclusive; None means unbounded."""

    type: str
    nullable: bool = False
    description: str = ""
    enum: tuple[str | int | float, ...] = ()
    properties: tuple[tuple[str, Schema], ...] = ()
    required: tuple[str, ...] = ()
    items: Schema | None = None
    at_least: int | float | None = None
    at_most: int | float | None = None
    # Whether the bound itself is out, below and above.
    exclusive: tuple[bool, bool] = (False, False)
    unique: bool = False
    format: str = ""
    # Of a list whose places have types of their own, which no answer of a table has.
    places: tuple[Schema, ...] = ()

    def property(self, name: str) -> Schema | None:
        """The schema of a property, or None when there is no such property."""
        return dict(self.properties).get(name)

    def nodes(self) -> Iterator[Schema]:
        """This node and all below it."""
        yield self
        for below in (*(schema for _, schema in self.properties), *filter(None, [self.items])):
            yield from below.nodes()

    def value_schema(self) -> dict[str, Any]:
        """Types alone, for the column that holds the values."""
        shape: dict[str, Any] = {"type": [self.type, "null"] if self.nullable else self.type}
        if self.type == "object":
            shape["properties"] = {name: below.value_schema() for name, below in self.properties}
        if self.items:
            shape["items"] = self.items.value_schema()
        return shape

    def check(self, value: Any, place: str = "answer") -> Any:
        """The value with its properties in the schema's order; raises `MismatchError`."""
        if value is None and self.nullable:
            return None
        checked = _CHECKS[self.type](self, value, place)
        if not self.enum or checked in self.enum:
            return checked
        # Signs with accents have two forms, which look and mean the same.
        composed = {normalize("NFC", str(value)): value for value in self.enum}
        if (found := composed.get(normalize("NFC", str(checked)))) is None:
            raise MismatchError(f"{place} is {checked!r:.80}, which is not among its values")
        return found

    def check_bounds(self, measure: float, place: str, unit: str = "") -> None:
        """Compare a number, a length or a count with the node's bounds."""
        if self.at_least is not None and measure < self.at_least:
            raise MismatchError(f"{place} is {measure}{unit}, less than {self.at_least}{unit}")
        if self.at_most is not None and measure > self.at_most:
            raise MismatchError(f"{place} is {measure}{unit}, more than {self.at_most}{unit}")
        for out, bound in zip(self.exclusive, (self.at_least, self.at_most), strict=True):
            if out and measure == bound:
                raise MismatchError(f"{place} is {measure}, which is just out of its bounds")


def check_schema_size(schema: Schema) -> None:
    """Refuse with `TasksError` a schema that Gemini would find too large to serve."""
    nodes = list(schema.nodes())
    properties = sum(len(node.properties) for node in nodes)
    if properties > MAX_PROPERTIES:
        raise TasksError(
            f"the schema has {properties} properties, more than {MAX_PROPERTIES}; "
            "split it into several tasks."
        )
    values = sum(len(node.enum) for node in nodes)
    if values > MAX_ENUM_VALUES:
        raise TasksError(
            f"the schema has {values} enum values, more than {MAX_ENUM_VALUES}; "
            "ask for the long list in a task of its own with `labels`, which may be longer."
        )


def _check_object(schema: Schema, value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MismatchError(f"{place} is {_type_name(value)}, not an object")
    known = dict(schema.properties)
    if unknown := [name for name in value if name not in known]:
        raise MismatchError(f"{place} has the unknown property {unknown[0]!r:.80}")
    if missing := [name for name in schema.required if name not in value]:
        raise MismatchError(f"{place} lacks the property {missing[0]!r}")
    return {
        name: below.check(value[name], f"{place}.{name}")
        for name, below in schema.properties
        if name in value
    }


def _check_array(schema: Schema, value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise MismatchError(f"{place} is {_type_name(value)}, not an array")
    schema.check_bounds(len(value), place, " items")
    items = schema.items or Schema("string")
    found = [items.check(item, f"{place}[{index}]") for index, item in enumerate(value)]
    return [one for index, one in enumerate(found) if not schema.unique or one not in found[:index]]


def _check_string(schema: Schema, value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise MismatchError(f"{place} is {_type_name(value)}, not a string")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise MismatchError(f"{place} holds half a character, which no table can store")
    schema.check_bounds(len(value), place, _CHARACTERS)
    try:
        FORMATS.get(schema.format, str)(value)
    except ValueError as error:
        raise MismatchError(f"{place} is {value!r:.80}, not a {schema.format}") from error
    return value


def _check_integer(schema: Schema, value: Any, place: str) -> int:
    number = _finite(value, place)
    if number != int(number) or int(number) not in INTEGERS:
        raise MismatchError(f"{place} is {number!r:.80}, not a whole number of 64 bits")
    schema.check_bounds(number, place)
    return int(number)


def _check_number(schema: Schema, value: Any, place: str) -> float:
    number = _finite(value, place)
    schema.check_bounds(number, place)
    return float(number)


def _finite(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MismatchError(f"{place} is {_type_name(value)}, not a number")
    if not (math.isfinite(value) if isinstance(value, float) else value in INTEGERS):
        raise MismatchError(f"{place} is a number of more than 64 bits")
    return value


def _check_boolean(_: Schema, value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        raise MismatchError(f"{place} is {_type_name(value)}, not true or false")
    return value


def _type_name(value: Any) -> str:
    names = {str: "a string", int: "a number", float: "a number", bool: "true or false"}
    names |= {list: "an array", dict: "an object", type(None): "null"}
    return names.get(type(value), type(value).__name__)


def _read_date(text: str) -> date:
    """With hyphens, as tables read it; Python takes more."""
    if text[4:8:3] != "--":
        raise ValueError(text)
    return date.fromisoformat(text)


FORMATS: Mapping[str, Callable[[str], object]] = {
    "date": _read_date,
    "date-time": datetime.fromisoformat,
    "time": time.fromisoformat,
}
_CHECKS = {
    "object": _check_object,
    "array": _check_array,
    "string": _check_string,
    "integer": _check_integer,
    "number": _check_number,
    "boolean": _check_boolean,
}
TYPES = tuple(_CHECKS)
