"""Packed requests: several pictures, one item per picture in the reply.

The schema of a packed request is an array of objects with an integer field, which takes the number
that the caption of a picture gives it. A field `check` repeats the word in brackets behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tierwise.emulator.schemas import ResponseSchema

# The field that repeats the word of a picture's caption.
CHECK_FIELD = "check"
# Kinds of faults that `misplaced` knows.
MISPLACED = frozenset({"zero_based", "shifted", "swapped"})


def number_field(schema: ResponseSchema | None) -> str | None:
    """The field that holds a picture's number, or None when the schema is not that of a pack."""
    if schema is None or schema["type"] != "array":
        return None
    items: ResponseSchema = schema.get("items") or {"type": "string"}
    properties: Mapping[str, ResponseSchema] = items.get("properties") or {}
    if items["type"] != "object":
        return None
    return next((name for name, field in properties.items() if field["type"] == "integer"), None)


def misplaced(
    items: Sequence[Any], kind: str, position: int, field: str, *, repeated: bool = False
) -> list[Any]:
    """The items of a model that has mixed the pictures up, without missing any.

    `zero_based` counts from 0; `shifted` says under each number what belongs to the next picture,
    under the last what belongs to the first; `swapped` does so with two neighbours. What an item
    repeats of its picture goes with it, for the model believes it to be that picture: with
    `repeated`, so does its number.
    """
    if kind == "zero_based":
        return [item | {field: place} for place, item in enumerate(items)]
    numbers = [item[field] for item in items]
    about = list(items)
    if kind == "shifted":
        about = [*about[1:], about[0]]
    else:
        position = min(position, len(about) - 2)
        about[position], about[position + 1] = about[position + 1], about[position]
    if repeated:
        return about
    return [item | {field: number} for item, number in zip(about, numbers, strict=True)]


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
