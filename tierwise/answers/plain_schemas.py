"""JSON Schema as pydantic, zod and Google's documents write it, in the few keys that are read.

What refers is resolved, what only annotates is left out, and a choice between forms of one thing
becomes that thing. What would lose its meaning is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from tierwise.answers.json_schemas import FORMATS
from tierwise.errors import TasksError
from tierwise.shown import shown

Raw = dict[str, Any]
Within = tuple[str, ...]

# An answer has the properties that are named, whatever is allowed besides.
_ANNOTATIONS = (
    *("title", "default", "example", "examples", "deprecated", "readOnly", "writeOnly", "$comment"),
    *("$schema", "$id", "id", "$anchor", "$defs", "definitions", "discriminator"),
    *("additionalProperties", "unevaluatedProperties", "propertyOrdering"),
)
_NOT_TAKEN = {
    "pattern": "Gemini follows no patterns. List the values in `enum`, or say it in `description`.",
    "multipleOf": "Gemini follows no steps. Say it in `description`.",
    "prefixItems": "A column has items of one type. Write an object with a name for each place.",
    "not": "Say what may come back in place of what may not.",
    "if": "Ask the rest in a task of its own with `when`.",
    "patternProperties": "A table needs columns with names. Write `properties`.",
    "propertyNames": "A table needs columns with names. Write `properties`.",
}
_CHOICES = ("anyOf", "oneOf", "allOf")
_COUNTS = ("minItems", "maxItems", "minLength", "maxLength")
_PYTHON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number"}
_MOST_NODES = 2_000


def plain_schema(raw: Any) -> Any:
    """The same schema in types, enums, properties and bounds alone; raises `TasksError`."""
    return _Resolver(raw).node(raw, "schema", ())


@dataclass(slots=True)
class _Resolver:
    """Reads one document; `within` are the references that lead to a node."""

    root: Any
    nodes: list[str] = field(default_factory=list)

    def node(self, raw: Any, place: str, within: Within) -> Any:
        """One node and all below it."""
        self.nodes.append(place)
        if len(self.nodes) > _MOST_NODES:
            _refuse(place, "makes the schema too large", "Split it into several tasks.")
        if not isinstance(raw, dict):
            return raw
        opened, within = self.opened(raw, place, within)
        plain = _in_words(_of_one_type(opened, place))
        _check_taken(plain, place)
        if isinstance(plain.get("properties"), dict):
            plain["properties"] = {
                name: self.node(below, f"{place}.properties.{name}", within)
                for name, below in _ordered(plain["properties"], opened, place).items()
            }
        if "items" in plain:
            plain["items"] = self.node(plain["items"], f"{place}.items", within)
        return {key: value for key, value in plain.items() if key not in _ANNOTATIONS}

    def opened(self, raw: Raw, place: str, within: Within) -> tuple[Raw, Within]:
        """A node in place of one that refers or leaves a choice; what stands beside goes first."""
        if "$ref" in raw:
            target, reference = self.referred(raw["$ref"], place), str(raw["$ref"])
            if reference in within:
                remedy = "A column has an end: flatten the schema."
                _refuse(f"{place}.$ref", f"leads back to {shown(reference)}", remedy)
            beside = {key: value for key, value in raw.items() if key != "$ref"}
            return self.opened({**target, **beside}, place, (*within, reference))
        key = next((key for key in _CHOICES if key in raw), None)
        if key is None:
            return raw, within
        beside = {name: value for name, value in raw.items() if name != key}
        listed = raw[key] if isinstance(raw[key], list) else []
        opened = [self.opened(form, place, within) for form in listed if isinstance(form, dict)]
        forms = [(_of_one_type(form, f"{place}.{key}"), by) for form, by in opened]
        left = [(form, by) for form, by in forms if not _is_null(form)]
        one = _one_form([form for form, _ in left], together=key == "allOf")
        if one is None or len(opened) < len(listed):
            remedy = 'Choose one type; `{type: "null"}` may stand beside it.'
            _refuse(f"{place}.{key}", f"is {shown(raw[key])}; a column has one type", remedy)
        nullable = {"nullable": True} if len(left) < len(forms) else {}
        known = tuple(dict.fromkeys(step for _, by in left for step in by))
        return self.opened({**one, **beside, **nullable}, place, known)

    def referred(self, reference: Any, place: str) -> Raw:
        """What a reference within the document leads to."""
        target, steps = self.root, str(reference).split("/")
        for step in steps[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            target = target.get(name) if isinstance(target, dict) else None
        if steps[0] != "#" or not isinstance(target, dict):
            remedy = "Write the schema below `$defs`, and refer to it as `#/$defs/Name`."
            _refuse(f"{place}.$ref", f"is {shown(reference)}, which is not in the schema", remedy)
        return target


def _is_null(form: Raw) -> bool:
    return form.get("type") == "null" or form.get("enum") == []


def _one_form(forms: list[Raw], *, together: bool) -> Raw | None:
    """The one form of several: values of one type, a number told in two ways; None for none."""
    if len(forms) == 1:
        return forms[0]
    types = [form.get("type") for form in forms]
    if together or not forms or not all(isinstance(one, str) for one in types):
        return None
    if all("enum" in form for form in forms) and len(set(types)) == 1:
        nullable = {"nullable": True} if any(form.get("nullable") for form in forms) else {}
        values = dict.fromkeys(value for form in forms for value in form["enum"])
        return {"type": types[0], "enum": list(values), **nullable}
    number = next((form for form in forms if form["type"] == "number"), None)
    # pydantic describes decimals as a number, or a text with one.
    return number if set(types) <= {"number", "integer", "string"} else None


def _of_one_type(raw: Raw, place: str) -> Raw:
    """With the type that `const`, `enum` and others say, in lower case, and null apart."""
    plain = dict(raw)
    if "const" in plain:
        plain["enum"] = [plain.pop("const")]
    listed = plain["type"] if isinstance(plain.get("type"), list) else [plain.get("type")]
    names = ["null" if name is None else str(name).lower() for name in listed if "type" in plain]
    if isinstance(values := plain.get("enum"), list):
        plain["enum"] = [value for value in values if value is not None]
        names += ["null"] * (None in values)
        if set(names) <= {"null"}:
            names += {_PYTHON_TYPES.get(type(value), "") for value in plain["enum"]}
    elif not names:
        names = ["object"] * ("properties" in plain) or ["array"] * ("items" in plain)
    if {"integer", "number"} <= set(names):
        names.remove("integer")
    kinds = [name for name in dict.fromkeys(names) if name != "null"]
    if kinds and "null" in names:
        plain["nullable"] = True
    if kinds == ["boolean"]:
        _check_both(plain, place)
    kinds = kinds or names
    return {**plain, "type": kinds[0] if len(kinds) == 1 else kinds} if kinds else plain


def _check_both(plain: Raw, place: str) -> None:
    """Drop the values of a boolean, which has two; raises `TasksError` where it has one."""
    if len(plain.pop("enum", (True, False))) < 2:
        _refuse(f"{place}.const", "leaves a boolean one value, which tells nothing", "Remove it.")


def _in_words(plain: Raw) -> Raw:
    """Formats that nobody checks as part of the description, and counts as numbers."""
    found = plain.pop("format", None)
    plain.pop("pattern", None) if found else None
    if plain.get("type") == "string" and found in FORMATS:
        plain["format"] = found
    elif plain.get("type") == "string" and isinstance(found, str) and found != "enum":
        plain["description"] = f"{plain.get('description', '')} Format: {found}.".strip()
    # Google's own schemas write counts as text.
    counts = {key: plain[key] for key in _COUNTS if str(plain.get(key, "")).isdecimal()}
    return plain | {key: int(count) for key, count in counts.items()}


def _check_taken(plain: Raw, place: str) -> None:
    for key, remedy in _NOT_TAKEN.items():
        if key in plain:
            _refuse(f"{place}.{key}", f"is {shown(plain[key])}, which is not taken", remedy)
    if "properties" not in plain and plain.get("additionalProperties") not in (None, False):
        remedy = "A table needs columns with names. Write `properties`, or a list of objects."
        _refuse(place, "may have properties of any name", remedy)


def _ordered(properties: Raw, raw: Mapping[str, Any], place: str) -> Raw:
    """The properties in the order that Google's key asks for, then the others."""
    order = raw.get("propertyOrdering", [])
    if not isinstance(order, list) or [name for name in order if name not in properties]:
        remedy = "Write a list of names of `properties`."
        _refuse(f"{place}.propertyOrdering", f"is {shown(order)}", remedy)
    return {name: properties[name] for name in (*order, *(n for n in properties if n not in order))}


def _refuse(place: str, problem: str, remedy: str) -> NoReturn:
    raise TasksError(f"{place} {problem}. {remedy}")
