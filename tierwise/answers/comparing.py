"""Values held against each other by the types of their schema, and values as people write them."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from tierwise.answers.json_schemas import MismatchError, Schema
from tierwise.answers.written_words import meant, plain_words
from tierwise.json_text import read_json_text
from tierwise.records import Scalar
from tierwise.shown import shown

# Of the largest number that a column holds.
_DIGITS = 307
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


def is_same(schema: Schema, first: Any, second: Any) -> bool:
    """Whether two values of a schema say the same; a property that is absent is null.

    Texts are the same whatever their case, spaces and normal form, but for values of an enum.

    >>> number, text = Schema("number"), Schema("string")
    >>> is_same(number, 5, 5.0), is_same(text, "New  York", "new york"), is_same(text, "0012", "12")
    (True, True, False)
    """
    if first is None or second is None:
        return first is second
    return _SAME[schema.type](schema, first, second)


def _same_text(schema: Schema, first: str, second: str) -> bool:
    return first == second or (not schema.enum and plain_words(first) == plain_words(second))


def _same_value(_: Schema, first: Any, second: Any) -> bool:
    return bool(first == second)


def _same_items(schema: Schema, first: Any, second: Any) -> bool:
    items = schema.items or Schema("string")
    return len(first) == len(second) and all(
        is_same(items, *pair) for pair in zip(first, second, strict=True)
    )


def _same_properties(schema: Schema, first: Any, second: Any) -> bool:
    return all(
        is_same(below, first.get(name), second.get(name)) for name, below in schema.properties
    )


def read_written(schema: Schema, written: Any, place: str = "it") -> Any:
    """A value as a cell or a JSON document of people writes it, in the types of its schema.

    Bounds are the model's to keep. Raises `MismatchError` for what the schema never allows.
    """
    if written is None:
        if schema.nullable:
            return None
        raise MismatchError(f"{place} is null")
    return _READ[schema.type](schema, written, place)


def cell_text(cell: Scalar) -> str:
    """A cell as a word: whole numbers without the point that a column with gaps gives them.

    >>> cell_text(1.0), cell_text(" a "), cell_text(2.5)
    ('1', 'a', '2.5')
    """
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if whole else cell).strip()  # type: ignore[arg-type]


def _read_text(schema: Schema, written: Any, place: str) -> str:
    if isinstance(written, dict | list):
        raise MismatchError(f"{place} is {shown(written)}, not text")
    text = json.dumps(written) if isinstance(written, bool) else cell_text(written)
    values = tuple(map(str, schema.enum))
    found = meant(values, text) if values else None
    if values and found is None:
        raise MismatchError(f"{place} is {shown(written)}, which is not among its values")
    return text if found is None else values[found]


def _read_number(schema: Schema, written: Any, place: str) -> float:
    number, whole = _decimal(written), schema.type == "integer"
    if number is None or (whole and number != number.to_integral_value()):
        raise MismatchError(f"{place} is {shown(written)}, not a {'whole ' * whole}number")
    return int(number) if whole else float(number)


def _decimal(written: Any) -> Decimal | None:
    try:
        number = Decimal(cell_text(written))
    except InvalidOperation:
        return None
    return number if number.is_finite() and number.adjusted() <= _DIGITS else None


def _read_boolean(_: Schema, written: Any, place: str) -> bool:
    word = cell_text(written).casefold()
    if word not in (*_TRUE, *_FALSE):
        raise MismatchError(f"{place} is {shown(written)}, not true or false")
    return word in _TRUE


def _read_items(schema: Schema, written: Any, place: str) -> list[Any]:
    items = schema.items or Schema("string")
    if isinstance(written, str) and not written.strip().startswith("["):
        written = [word.strip() for word in written.split(";") if word.strip()]
    found = _parsed(written, list, place, "JSON list")
    return [read_written(items, one, f"{place}[{index}]") for index, one in enumerate(found)]


def _read_object(schema: Schema, written: Any, place: str) -> dict[str, Any]:
    found = read_properties(schema, written, place)
    if missing := [name for name in schema.required if name not in found]:
        raise MismatchError(f"{place} lacks the property {missing[0]!r}")
    return found


def read_properties(schema: Schema, written: Any, place: str) -> dict[str, Any]:
    """The properties that a JSON object has, in the schema's order; others may be missing."""
    found = _parsed(written, dict, place, "JSON object")
    known = dict(schema.properties)
    if unknown := [name for name in found if name not in known]:
        raise MismatchError(f"{place} has the unknown property {unknown[0]!r:.80}")
    return {
        name: None
        if found[name] is None and name not in schema.required
        else read_written(below, found[name], f"{place}.{name}")
        for name, below in known.items()
        if name in found
    }


def _parsed(written: Any, kind: type, place: str, called: str) -> Any:
    try:
        found = read_json_text(written) if isinstance(written, str) else written
    except ValueError as error:
        raise MismatchError(f"{place} is {shown(written)}, not a {called}: {error}") from error
    if not isinstance(found, kind):
        raise MismatchError(f"{place} is {shown(written)}, not a {called}")
    return found


_SAME = {
    "object": _same_properties,
    "array": _same_items,
    "string": _same_text,
    "integer": _same_value,
    "number": _same_value,
    "boolean": _same_value,
}
_READ = {
    "object": _read_object,
    "array": _read_items,
    "string": _read_text,
    "integer": _read_number,
    "number": _read_number,
    "boolean": _read_boolean,
}
