"""What the model wrote, as JSON: one value, or one item per image of a pack.

A reply is mapped to images by the number in each item, never by its order. Safe tolerances are
white space and a code fence around the whole; nothing is repaired.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

Value = str | int | float | tuple[str, ...] | dict[str, Any]

_FENCE = re.compile(r"\A```[A-Za-z]*\s*\n(.*?)\n?\s*```\Z", re.DOTALL)


class ReplyError(Exception):
    """A reply, or one item of it, is not an answer; the message says why, fit for a failure row."""


@dataclass(frozen=True, slots=True)
class InvalidItem:
    """One image of a pack that the reply has no usable answer for."""

    why: str


class PackedReply(dict[int, Value | InvalidItem]):
    """Answers by image number, exactly 1 to n; `extra` counts items for no image of the pack."""

    def __init__(self, items: dict[int, Value | InvalidItem], extra: int) -> None:
        super().__init__(items)
        self.extra = extra

    def __reduce__(self) -> tuple[type[PackedReply], tuple[dict[int, Value | InvalidItem], int]]:
        return type(self), (dict(self), self.extra)


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


def read_pack(text: str, images: int, answer: Callable[[Any], Value]) -> PackedReply:
    """Map a reply `[{"image": 1, "answer": ...}, ...]` to the images 1 to `images`.

    Args:
        text: the model's reply.
        images: how many images the request carried.
        answer: turns one decoded item into a typed value, or raises `ReplyError`.

    Raises:
        ReplyError: the reply is not a JSON array, so that no image has an answer.
    """
    items = read_json(text)
    if not isinstance(items, list):
        raise ReplyError(f"the reply is not a list of items; it starts {text[:60]!r}")
    numbers = [_number(item) for item in items]
    counts = Counter(numbers)
    found = dict(zip(numbers, items, strict=True))
    answers = {
        image: _read_item(found.get(image), counts[image], answer) for image in range(1, images + 1)
    }
    return PackedReply(answers, extra=sum(not 1 <= number <= images for number in numbers))


def _read_item(item: Any, count: int, answer: Callable[[Any], Value]) -> Value | InvalidItem:
    if count != 1:
        return InvalidItem(f"the reply has {count} items for this image, not one")
    if "answer" not in item:
        return InvalidItem("the reply's item for this image has no answer")
    try:
        return answer(item["answer"])
    except ReplyError as error:
        return InvalidItem(str(error))


def _number(item: Any) -> int:
    """The image that an item names; 0, which is not an image, when it names none."""
    number = item.get("image") if isinstance(item, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else 0


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) < len(pairs):
        raise ValueError("an object names a property twice")
    return named
