"""A schema in the two dialects that Gemini takes.

`responseJsonSchema` is JSON Schema, `responseSchema` a part of OpenAPI: types in capitals,
`nullable` in the place of a second type, enums of strings alone. Neither heeds the length of
strings, so the description tells the model of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tierwise.answers.json_schemas import Schema

_BOUND_KEYS = {
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
    "array": ("minItems", "maxItems"),
}


def json_schema(schema: Schema) -> dict[str, Any]:
    """A schema for `responseJsonSchema`."""
    if schema.nullable and schema.enum:
        return {"anyOf": [_json_node(schema, schema.type), {"type": "null"}]}
    return _json_node(schema, [schema.type, "null"] if schema.nullable else schema.type)


def openapi_schema(schema: Schema, *, bounded: bool = True, enums: bool = True) -> dict[str, Any]:
    """A schema for `responseSchema`, with bounds and counts, and with enums, or without.

    What the schema does not hold is told in the description.
    """
    written: dict[str, Any] = {"type": schema.type.upper()}
    if schema.nullable:
        written["nullable"] = True
    listed = bool(schema.enum) and enums and schema.type == "string"
    untold = replace(schema, enum=() if listed else schema.enum)
    if description := _description(untold, tells_values=True, tells_bounds=not bounded):
        written["description"] = description
    if listed:
        written["enum"] = list(schema.enum)
    if schema.properties:
        written["properties"] = {
            name: openapi_schema(below, bounded=bounded, enums=enums)
            for name, below in schema.properties
        }
        written |= _order(schema)
    if schema.items:
        written["items"] = openapi_schema(schema.items, bounded=bounded, enums=enums)
    return written | (_bounds(schema) if bounded else {})


def _json_node(schema: Schema, type_name: str | list[str]) -> dict[str, Any]:
    written: dict[str, Any] = {"type": type_name}
    if description := _description(schema):
        written["description"] = description
    if schema.enum:
        written["enum"] = list(schema.enum)
    if schema.properties:
        written["properties"] = {name: json_schema(below) for name, below in schema.properties}
        written |= _order(schema)
    if schema.items:
        written["items"] = json_schema(schema.items)
    if schema.places:
        written["prefixItems"] = [json_schema(below) for below in schema.places]
    if schema.format:
        written["format"] = schema.format
    return written | _bounds(schema)


def _order(schema: Schema) -> dict[str, Any]:
    names = [name for name, _ in schema.properties]
    return {"required": list(schema.required), "propertyOrdering": names}


def _bounds(schema: Schema) -> dict[str, Any]:
    bounds = zip(_BOUND_KEYS.get(schema.type, ()), (schema.at_least, schema.at_most), strict=False)
    return {key: bound for key, bound in bounds if bound is not None}


def _description(schema: Schema, *, tells_values: bool = False, tells_bounds: bool = False) -> str:
    words = [schema.description] if schema.description else []
    if tells_values and schema.enum:
        words.append(f"One of: {', '.join(map(str, schema.enum))}.")
    if tells_values and schema.format:
        words.append(f"A {schema.format} as ISO 8601 has it.")
    if schema.type == "string" or tells_bounds:
        words += _bounds_in_words(schema)
    for out, bound, how in zip(
        schema.exclusive, (schema.at_least, schema.at_most), ("More", "Less"), strict=True
    ):
        if out:
            words.append(f"{how} than {bound}.")
    if schema.unique:
        words.append("No item twice.")
    return " ".join(words)


def _bounds_in_words(schema: Schema) -> Iterator[str]:
    unit = {"string": " characters", "array": " items"}.get(schema.type, "")
    if schema.at_least is not None and (schema.at_least or schema.type != "string"):
        yield f"At least {schema.at_least}{unit}."
    if schema.at_most is not None:
        yield f"At most {schema.at_most}{unit}."
