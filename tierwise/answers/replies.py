"""What the model wrote, as JSON: one value, or one item per image of a pack.

A reply is mapped to images by the number in each item, never by its order. Safe tolerances are
white space and a code fence around the whole; nothing is repaired.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from tierwise.shown import shown

Value = str | int | float | tuple[str, ...] | dict[str, Any]

_FENCE = re.compile(r"\A```[A-Za-z]*\s*\n(.*?)\n?\s*```\Z", re.DOTALL)


class ReplyError(Exception):
    """A reply, or one item of it, is not an answer; the message says why, fit for a failure row."""


class MixedUpError(ReplyError):
    """Items of a pack repeat the words of other pictures: their answers belong to nobody knows."""


@dataclass(frozen=True, slots=True)
class InvalidItem:
    """One image of a pack that the reply has no usable answer for."""

    why: str


def unfenced(text: str) -> str:
    r"""The text without surrounding white space and without a Markdown code fence.

    >>> unfenced("```json\n[1]\n```\n")
    '[1]'
    """
    stripped = text.strip()
    fenced = _FENCE.match(stripped)
    return fenced[1].strip() if fenced else stripped


def read_json(text: str) -> Any:
    """The JSON value of a reply; raises `ReplyError` for anything else, repeated keys included."""
    try:
        return json.loads(
            unfenced(text), parse_constant=_refuse_constant, object_pairs_hook=_unique
        )
    except (ValueError, RecursionError) as error:
        raise ReplyError(f"the reply is not JSON: {error}; it starts {text[:60]!r}") from error


def read_pack(
    text: str, images: int, answer: Callable[[Any], Value], checks: Sequence[str] = ()
) -> dict[int, Value | InvalidItem]:
    """Map a reply `[{"image": 1, "answer": ...}, ...]` to the images 1 to `images`.

    Where one item has a number that no image has, or that of another item, the others' numbers are
    not to be trusted either: who counts from 0 has shifted them all.

    Args:
        text: the model's reply.
        images: how many images the request carried.
        answer: turns one decoded item into a typed value, or raises `ReplyError`.
        checks: the word that each image's item repeats as `check`, none when it was not asked to.

    Raises:
        ReplyError: the reply is not a JSON array, or its numbers are not those of the images.
        MixedUpError: an item does not repeat its image's word.
    """
    items = read_json(text)
    if not isinstance(items, list):
        raise ReplyError(f"the reply is not a list of items; it starts {text[:60]!r}")
    found = dict[int, Any]()
    for item in items:
        number = _number(item)
        if number is None:
            continue
        if not 1 <= number <= images:
            raise ReplyError(f"the reply has an item for image {number} of {images}")
        if number in found:
            raise ReplyError(f"the reply has two items for image {number}")
        found[number] = item
    for number, word in enumerate(checks, start=1):
        _check_word(number, found.get(number), word)
    return {image: _read_item(found.get(image), answer) for image in range(1, images + 1)}


def _check_word(number: int, item: Any, word: str) -> None:
    if item is None:
        return
    repeated = item.get("check")
    if not isinstance(repeated, str) or repeated.strip().casefold() != word.casefold():
        raise MixedUpError(
            f"the reply's item for image {number} repeats {shown(repeated)}, not {word}"
        )


def _read_item(item: Any, answer: Callable[[Any], Value]) -> Value | InvalidItem:
    if item is None:
        return InvalidItem("the reply has no item for this image")
    if "answer" not in item:
        return InvalidItem("the reply's item for this image has no answer")
    try:
        return answer(item["answer"])
    except ReplyError as error:
        return InvalidItem(str(error))


def _number(item: Any) -> int | None:
    """The whole number that an item names, None when it names none."""
    number = item.get("image") if isinstance(item, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) < len(pairs):
        raise ValueError("an object names a property twice")
    return named
