"""Response schemas: what is refused, and one form for both dialects.

`responseSchema` is the OpenAPI subset, `responseJsonSchema` is JSON Schema. Both become JSON Schema
with lower-case types, local references resolved and alternatives reduced to the first one that is
not null, so that whoever fills a schema in knows a single dialect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tierwise.emulator.refusals import bad_fields

ResponseSchema = Mapping[str, Any]

_PATH = "generation_config.response_schema"
_CAMEL = {
    "min_items": "minItems",
    "max_items": "maxItems",
    "min_length": "minLength",
    "max_length": "maxLength",
    "property_ordering": "propertyOrdering",
    "any_of": "anyOf",
}
_MAX_DEPTH = 20
_BOUNDED = frozenset({"string", "integer", "number"})
_VALUES = re.compile(r"\bOne of: (.+?)\.(?: |$)")
_LEAST = re.compile(r"\bAt least (-?\d+(?:\.\d+)?)\b")
_MOST = re.compile(r"\bAt most (-?\d+(?:\.\d+)?)\b")
_LEAST_KEYS = {"integer": "minimum", "number": "minimum", "array": "minItems"}
_MOST_KEYS = {"integer": "maximum", "number": "maximum", "array": "maxItems"}


def from_response_schema(schema: ResponseSchema) -> ResponseSchema:
    """A decoded `responseSchema` as JSON Schema.

    Raises:
      Refusal: 400, naming each keyword that Google would refuse.
    """
    wrong = [
        (path, f"* GenerateContentRequest.{path}: {text}") for path, text in _faults(schema, _PATH)
    ]
    if wrong:
        raise bad_fields(wrong)
    return _translate(schema)


def from_json_schema(schema: Any) -> ResponseSchema:
    """A `responseJsonSchema` with its references resolved and its alternatives chosen.

    Raises:
      Refusal: 400, it is not an object, or a reference leads nowhere or in a circle.
    """
    if not isinstance(schema, Mapping):
        path = "generation_config.response_json_schema"
        raise bad_fields([(path, f"* GenerateContentRequest.{path}: must be a JSON object")])
    return _resolve(schema, schema, 0)


def _faults(schema: ResponseSchema, path: str) -> Iterator[tuple[str, str]]:
    kind = schema.get("type", "TYPE_UNSPECIFIED")
    properties = schema.get("properties") or {}
    if kind == "TYPE_UNSPECIFIED" and "any_of" not in schema:
        yield f"{path}.type", "must be specified"
    if kind == "ARRAY" and "items" not in schema:
        yield f"{path}.items", "missing field."
    if kind == "OBJECT" and not properties:
        yield f"{path}.properties", "should be non-empty for OBJECT type"
    if schema.get("enum") and kind != "STRING":
        yield f"{path}.enum", "only allowed for STRING type"
    if "" in schema.get("enum", ()):
        yield f"{path}.enum[{schema['enum'].index('')}]", "cannot be empty"
    for key in ("required", "property_ordering"):
        for position, name in enumerate(schema.get(key, ())):
            if name not in properties:
                yield f"{path}.{key}[{position}]", "property is not defined"
    for name, inner in properties.items():
        yield from _faults(inner, f"{path}.properties[{name}]")
    if "items" in schema:
        yield from _faults(schema["items"], f"{path}.items")


def _translate(schema: ResponseSchema) -> ResponseSchema:
    choices = [inner for inner in schema.get("any_of", ()) if inner.get("type") != "NULL"]
    if choices:
        return _translate(choices[0])
    known = {_CAMEL.get(name, name): value for name, value in schema.items()}
    known["type"] = schema.get("type", "STRING").lower()
    if "items" in known:
        known["items"] = _translate(known["items"])
    if "properties" in known:
        known["properties"] = {k: _translate(v) for k, v in known["properties"].items()}
    return known


def told_in_words(schema: ResponseSchema) -> dict[str, Any]:
    """What a description says of a value, which a model heeds as it does a keyword."""
    description, kind = str(schema.get("description", "")), schema["type"]
    told: dict[str, Any] = {}
    if kind in _BOUNDED and (values := _VALUES.search(description)):
        read = str if kind == "string" else float if kind == "number" else int
        told["enum"] = [read(value) for value in values[1].split(", ")]
    for words, keys in ((_LEAST, _LEAST_KEYS), (_MOST, _MOST_KEYS)):
        if kind in keys and (found := words.search(description)):
            told[keys[kind]] = float(found[1])
    return told


def _resolve(schema: ResponseSchema, root: ResponseSchema, depth: int) -> ResponseSchema:
    if depth > _MAX_DEPTH:
        path = "generation_config.response_json_schema"
        text = f"nested more than {_MAX_DEPTH} levels deep, or a $ref refers to itself"
        raise bad_fields([(path, f"* GenerateContentRequest.{path}: {text}")])
    if "$ref" in schema:
        return _resolve(_referred(str(schema["$ref"]), root), root, depth + 1)
    for key in ("anyOf", "oneOf", "allOf"):
        choices = [inner for inner in schema.get(key, ()) if inner.get("type") != "null"]
        if choices:
            return _resolve({**_without(schema, key), **choices[0]}, root, depth + 1)
    known = dict(schema) | {"type": _single_type(schema)}
    if isinstance(known.get("items"), Mapping):
        known["items"] = _resolve(known["items"], root, depth + 1)
    if isinstance(known.get("prefixItems"), list):
        known["prefixItems"] = [_resolve_place(one, root, depth) for one in known["prefixItems"]]
    if "properties" in known:
        known["properties"] = {
            name: _resolve(inner, root, depth + 1) for name, inner in known["properties"].items()
        }
    return known


def _resolve_place(schema: Any, root: ResponseSchema, depth: int) -> ResponseSchema:
    if not isinstance(schema, Mapping):
        path = "generation_config.response_json_schema"
        text = "each of prefixItems must be a JSON object"
        raise bad_fields([(path, f"* GenerateContentRequest.{path}: {text}")])
    return _resolve(schema, root, depth + 1)


def _without(schema: ResponseSchema, key: str) -> ResponseSchema:
    return {name: value for name, value in schema.items() if name != key}


def _single_type(schema: ResponseSchema) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((name for name in kind if str(name).lower() != "null"), "null")
    if kind is None:
        listed = "items" in schema or "prefixItems" in schema
        kind = "object" if "properties" in schema else "array" if listed else "string"
    return str(kind).lower()


def _referred(reference: str, root: ResponseSchema) -> ResponseSchema:
    target: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        target = target.get(step) if step and isinstance(target, Mapping) else target
    if not isinstance(target, Mapping) or not reference.startswith("#"):
        path = "generation_config.response_json_schema"
        text = f"$ref {reference} leads nowhere in the schema"
        raise bad_fields([(path, f"* GenerateContentRequest.{path}: {text}")])
    return target
