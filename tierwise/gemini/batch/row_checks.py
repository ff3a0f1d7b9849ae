"""What a batch job could not take of a request, found before anything is uploaded.

One bad row refuses a whole job, and on Vertex AI some let it fail after an hour. The Developer API
answered `responseJsonSchema` in jobs with shifted values, while `responseSchema` came out right
(crmne/ruby_llm#894, 502 answers of 502, August 2026). Vertex AI reads rows into a table as BigQuery
does, so each property is a column: its name, type and depth must be those of one.

Sources: cloud.google.com/bigquery/docs/schemas and .../nested-repeated, read 2026-11-29; refusals
of jobs observed in September 2026 (OpenRouterTeam/docs, batch-research).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tierwise.errors import InputError
from tierwise.gemini.service import Service
from tierwise.gemini.wire import WireJson

MOST_LEVELS = 15
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,299}", re.ASCII)
_RESERVED = (
    *("_table_", "_file_", "_partition", "_row_timestamp", "__root__", "_colidentifier"),
    *("_change_sequence_number", "_change_type", "_change_timestamp"),
)
_SCHEMAS = ("responseSchema", "responseJsonSchema")
_SHAPES = ("anyOf", "prefixItems")
_NOT_IN_BATCH = ("serviceTier", "service_tier")
_ANOTHER_TIER = "or ask this task at another service tier"

Place = tuple[str, ...]


def check_body(body: WireJson, service: Service) -> None:
    """Refuse a request that a batch job of this service could not take.

    Raises:
        InputError: names the property, and what to do.
    """
    for name in _NOT_IN_BATCH:
        if name in body:
            raise InputError(f"A request of a batch job has no {name}.")
    if service.vertex:
        _check_value(body, ("request",), 1)
    elif "responseJsonSchema" in body.get("generationConfig", {}):
        raise InputError(
            "This answer is asked for with responseJsonSchema, which batch jobs of the Developer "
            f"API answer wrongly. Ask for it in its OpenAPI form, {_ANOTHER_TIER}."
        )


def _check_value(value: Any, place: Place, level: int) -> None:
    """Whatever is in the row: a column, or several, or a list of such."""
    if level > MOST_LEVELS:
        raise _refused(place, f"lies deeper than {MOST_LEVELS} levels", "Give a flatter schema")
    if value is None or value == {}:
        what = "null" if value is None else "an empty object"
        raise _refused(place, f"is {what}", "Leave it out")
    if isinstance(value, Mapping):
        _check_object(value, place, level)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        _check_list(value, place, level)


def _check_object(value: Mapping[str, Any], place: Place, level: int) -> None:
    _check_names(value, place)
    in_schema = any(name in place for name in _SCHEMAS)
    if in_schema and isinstance(value.get("type"), list):
        raise _refused(place, "has several types", "Give it one, with `nullable`")
    for name, below in value.items():
        if in_schema and name in _SHAPES and len({_shape(one) for one in below}) > 1:
            raise _refused(place, f"has `{name}` of different shapes", "Give it one type")
        _check_value(below, (*place, name), level + 1)


def _check_list(value: Sequence[Any], place: Place, level: int) -> None:
    kinds = {_kind(one) for one in value}
    if len(kinds) > 1 or "list" in kinds:
        raise _refused(place, "is a list of different things", "Make them alike")
    for one in value:
        _check_value(one, place, level)


def _check_names(value: Mapping[str, Any], place: Place) -> None:
    seen = dict[str, str]()
    for name in value:
        if not _COLUMN.fullmatch(name) or name.lower().startswith(_RESERVED):
            remedy = "Begin with a letter, and use letters, digits and _ alone"
            raise _refused((*place, name), "cannot be the name of a column", remedy)
        if (other := seen.setdefault(name.lower(), name)) != name:
            raise _refused((*place, name), f"differs from `{other}` in case alone", "Rename one")


def _shape(value: Any) -> str:
    """The kinds of a value and all below it, by name."""
    if isinstance(value, Mapping):
        below = (f"{name}:{_shape(one)}" for name, one in sorted(value.items()))
        return "{" + ",".join(below) + "}"
    if isinstance(value, list):
        return "[" + "|".join(sorted({_shape(one) for one in value})) + "]"
    return _kind(value)


def _kind(value: Any) -> str:
    named = {bool: "bool", int: "number", float: "number", str: "text", list: "list"}
    return "object" if isinstance(value, Mapping) else named.get(type(value), "null")


def _refused(place: Place, why: str, remedy: str) -> InputError:
    return InputError(
        f"A batch job of Vertex AI cannot take {_words(place)}: it {why}. {remedy}, "
        f"{_ANOTHER_TIER}."
    )


def _words(place: Place) -> str:
    """A place as whoever wrote the tasks file knows it, in a schema by its properties alone."""
    if names := list(_properties(place)):
        return f"the answer's property {'.'.join(names)!r}"
    return f"`{'.'.join(place[1:]) or 'a request'}`"


def _properties(place: Place) -> Iterator[str]:
    """The properties on the way; `properties` itself may be the name of one."""
    in_schema, is_name = False, False
    for name in place:
        if is_name:
            yield name
            is_name = False
        elif in_schema and name == "properties":
            is_name = True
        in_schema = in_schema or name in _SCHEMAS
