"""Packed requests: several pictures, one item per picture in the reply.

The schema of a packed request is an array of objects with an integer field, which takes the number
that the caption of a picture gives it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tierwise.emulator.schemas import ResponseSchema


def number_field(schema: ResponseSchema | None) -> str | None:
    """The field that holds a picture's number, or None when the schema is not that of a pack."""
    if schema is None or schema["type"] != "array":
        return None
    items: ResponseSchema = schema.get("items") or {"type": "string"}
    properties: Mapping[str, ResponseSchema] = items.get("properties") or {}
    if items["type"] != "object":
        return None
    return next((name for name, field in properties.items() if field["type"] == "integer"), None)


def disarranged(items: Sequence[Any], how: str, position: int, field: str) -> list[Any]:
    """The items of a reply that does not match its request.

    `missing` leaves out the item at `position`, `repeated` puts its neighbour in its place, `extra`
    adds one for a picture that was not sent, and `reordered` turns the order round.
    """
    wrong = list(items)
    if how == "missing":
        del wrong[position]
    elif how == "repeated":
        wrong[position] = wrong[position - 1]
        wrong = wrong if len(wrong) > 1 else wrong * 2
    elif how == "extra":
        wrong.append(wrong[position] | {field: max(item[field] for item in wrong) + 1})
    else:
        wrong.reverse()
    return wrong
