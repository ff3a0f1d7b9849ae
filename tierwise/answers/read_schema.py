"""A user's JSON Schema, read into `Schema`; what Gemini or a table cannot take is refused."""

from __future__ import annotations

import math
from typing import Any

from tierwise.answers.json_schemas import (
    INTEGERS,
    MAX_SCHEMA_DEPTH,
    TYPES,
    Schema,
    check_schema_size,
)
from tierwise.answers.plain_schemas import plain_schema
from tierwise.answers.written_words import twins
from tierwise.errors import TasksError
from tierwise.shown import shown, suggestion

_EVERYWHERE = ("type", "description", "nullable")
_EXCLUSIVE = ("exclusiveMinimum", "exclusiveMaximum")
_KEYS = {
    "object": ("properties", "required"),
    "array": ("items", "minItems", "maxItems", "uniqueItems"),
    "string": ("enum", "minLength", "maxLength", "format"),
    "integer": ("enum", "minimum", "maximum", *_EXCLUSIVE),
    "number": ("enum", "minimum", "maximum", *_EXCLUSIVE),
    "boolean": (),
}
_BOUNDS = {
    "array": ("minItems", "maxItems"),
    "string": ("minLength", "maxLength"),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
}
_MAX_NAME = 64


def read_schema(raw: Any) -> Schema:
    """The schema of a struct answer; raises `TasksError` that names the key and the remedy."""
    schema = _read(plain_schema(raw), "schema", depth=1)
    if schema.type != "object" or schema.nullable:
        raise TasksError(
            f"schema.type is {shown(raw.get('type'))}; a struct is asked for. Write `type: object` "
            "with `properties`, or use `labels` or `text` for a single value."
        )
    check_schema_size(schema)
    return schema


def _read(raw: Any, place: str, depth: int) -> Schema:
    if not isinstance(raw, dict):
        raise TasksError(
            f"{place} is {shown(raw)}; a mapping is expected, such as `{{type: string}}`."
        )
    if depth > MAX_SCHEMA_DEPTH:
        raise TasksError(
            f"{place} lies {depth} levels deep, the limit is {MAX_SCHEMA_DEPTH}. "
            "Flatten the schema."
        )
    type_name = _read_type(raw, place)
    _refuse_unknown(raw, type_name, place)
    (at_least, at_most), exclusive = _read_bounds(raw, type_name, place)
    return Schema(
        type=type_name,
        nullable=_read_flag(raw, "nullable", place),
        description=_read_description(raw, place),
        enum=_read_enum(raw, type_name, place),
        properties=_read_properties(raw, type_name, place, depth),
        required=_read_required(raw, place),
        items=_read_items(raw, type_name, place, depth),
        at_least=at_least,
        at_most=at_most,
        exclusive=exclusive,
        unique=_read_flag(raw, "uniqueItems", place),
        format=raw.get("format", ""),
    )


def _read_type(raw: dict[str, Any], place: str) -> str:
    name = raw.get("type")
    if isinstance(name, str) and name in TYPES:
        return name
    raise TasksError(
        f"{place}.type is {shown(name)}. Write one of {', '.join(TYPES)}, "
        'or a list of one of them and "null".'
    )


def _refuse_unknown(raw: dict[str, Any], type_name: str, place: str) -> None:
    allowed = (*_EVERYWHERE, *_KEYS[type_name])
    for key, value in raw.items():
        if key not in allowed:
            raise TasksError(
                f"{place}.{key} is {shown(value)}; this key is not taken for {type_name}. "
                f"{suggestion(key, allowed, 'keys')}"
            )


def _read_bounds(
    raw: dict[str, Any], type_name: str, place: str
) -> tuple[tuple[float | None, float | None], tuple[bool, bool]]:
    """The bounds, and whether each of them is itself out."""
    keys = _BOUNDS.get(type_name, ("", ""))
    low, high = (_read_bound(raw, key, place) for key in keys)
    above, below = (_read_bound(raw, key, place) for key in _EXCLUSIVE)
    out = (
        above is not None and (low is None or above >= low),
        below is not None and (high is None or below <= high),
    )
    low, high = above if out[0] else low, below if out[1] else high
    if low is not None and high is not None and (low > high or (low == high and any(out))):
        raise TasksError(f"{place} is bounded from {low} up to {high}. Exchange the two.")
    return (low, high), out


def _read_bound(raw: dict[str, Any], key: str, place: str) -> float | None:
    value = raw.get(key)
    if key not in raw:
        return None
    counts = not key.lower().endswith(("minimum", "maximum"))
    if (
        isinstance(value, bool)
        or not isinstance(value, int if counts else int | float)
        or not _is_storable(value)
        or (counts and value < 0)
    ):
        expected = "a whole number from 0" if counts else "a number of at most 64 bits"
        raise TasksError(f"{place}.{key} is {shown(value)}. Write {expected}.")
    return value


def _read_flag(raw: dict[str, Any], key: str, place: str) -> bool:
    value = raw.get(key, False)
    if not isinstance(value, bool):
        raise TasksError(f"{place}.{key} is {shown(value)}. Write true or false.")
    return value


def _read_description(raw: dict[str, Any], place: str) -> str:
    value = raw.get("description", "")
    if not isinstance(value, str):
        raise TasksError(f"{place}.description is {shown(value)}. Write text, in quotes.")
    return value


def _read_enum(raw: dict[str, Any], type_name: str, place: str) -> tuple[Any, ...]:
    if "enum" not in raw:
        return ()
    values = raw["enum"]
    kinds = {"string": str, "integer": int, "number": int | float}[type_name]
    if not isinstance(values, list) or not values:
        raise TasksError(f"{place}.enum is {shown(values)}. Write a list of values.")
    for value in values:
        number = isinstance(value, int | float)
        wrong = isinstance(value, bool) or not isinstance(value, kinds) or value == ""
        if wrong or (number and not _is_storable(value)):
            raise TasksError(
                f"{place}.enum holds {shown(value)}, which is not a {type_name} with content. "
                'Quote words such as "yes" and "2024" that stand for text.'
            )
    if len(set(values)) < len(values):
        raise TasksError(f"{place}.enum names a value twice: {shown(values)}. Remove one.")
    return tuple(values)


def _read_properties(
    raw: dict[str, Any], type_name: str, place: str, depth: int
) -> tuple[tuple[str, Schema], ...]:
    if type_name != "object":
        return ()
    named = raw.get("properties")
    if not isinstance(named, dict) or not named:
        raise TasksError(
            f"{place}.properties is {shown(named)}; an object needs named properties. "
            "Write `properties: {name: {type: string}}`."
        )
    for name in named:
        if not isinstance(name, str) or not name.isidentifier() or len(name) > _MAX_NAME:
            raise TasksError(
                f"{place}.properties has the name {shown(name)}. Use letters, digits and _, "
                f"at most {_MAX_NAME}, quoted where YAML reads it as something else."
            )
    if twins(named):
        raise TasksError(
            f"{place}.properties has names that differ in case alone: {shown(list(named))}; "
            "databases take them for one column. Rename one."
        )
    return tuple(
        (name, _read(below, f"{place}.properties.{name}", depth + 1))
        for name, below in named.items()
    )


def _read_required(raw: dict[str, Any], place: str) -> tuple[str, ...]:
    names = raw.get("required", [])
    if not isinstance(names, list):
        raise TasksError(f"{place}.required is {shown(names)}. Write a list of property names.")
    for name in names:
        if not isinstance(name, str) or name not in raw.get("properties", {}):
            raise TasksError(
                f"{place}.required names {shown(name)}, which is not a property. "
                "Add it to `properties` or remove it here."
            )
    return tuple(dict.fromkeys(names))


def _read_items(raw: dict[str, Any], type_name: str, place: str, depth: int) -> Schema | None:
    if type_name != "array":
        return None
    if "items" not in raw:
        raise TasksError(f"{place}.items is missing. Write `items: {{type: string}}`, for example.")
    return _read(raw["items"], f"{place}.items", depth + 1)


def _is_storable(number: float) -> bool:
    return math.isfinite(number) and int(number) in INTEGERS
