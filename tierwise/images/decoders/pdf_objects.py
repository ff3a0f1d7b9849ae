"""The objects of a PDF file as PDFium writes it anew: plain, with a table of where each begins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PLAIN = rb"[^\x00\t\n\f\r ()<>\[\]{}/%]"
_TOKEN = re.compile(
    rb"(?:[\x00\t\n\f\r ]|%[^\r\n]*)*"
    rb"(<<|>>|\[|\]|<[0-9A-Fa-f\s]*>|\(|/" + _PLAIN + rb"*|" + _PLAIN + rb"+)"
)
_REFERENCE = re.compile(rb"[\x00\t\n\f\r ]+(\d+)[\x00\t\n\f\r ]+R(?!" + _PLAIN + rb")")
_IN_TEXT = re.compile(rb"\\.|[()]", re.DOTALL)
_HEADER = re.compile(rb"\s*\d+ \d+ obj")
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Reference:
    """An object of the file, by its number."""

    number: int


class PdfObjects:
    """Reads objects when they are asked for; what is malformed is None.

    Values are dicts with names as keys, lists, bytes (names with their slash, numbers, words) and
    references; texts are left out.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._places = _places(data)

    def root(self) -> Mapping[str, Any]:
        """The catalogue of the document."""
        at = self._data.rfind(b"trailer")
        trailer = _read(self._data, at + len(b"trailer"))[0] if at >= 0 else None
        return self.dictionary(trailer.get("Root") if isinstance(trailer, dict) else None)

    def resolved(self, value: Any) -> Any:
        """The object itself where a value only names it."""
        for _ in range(_DEEPEST):
            if not isinstance(value, Reference):
                return value
            place = self._places.get(value.number)
            value = None if place is None else _read(self._data, place)[0]
        return None

    def dictionary(self, value: Any) -> Mapping[str, Any]:
        """As `resolved`; an empty one for what is none."""
        found = self.resolved(value)
        return found if isinstance(found, dict) else {}

    def items(self, value: Any) -> list[Any]:
        """The items of an array; a single object counts as one."""
        found = self.resolved(value)
        if isinstance(found, list):
            return found
        return [] if found is None else [value]


def _places(data: bytes) -> dict[int, int]:
    """Where the object with each number begins, behind its header: from the last table."""
    found: dict[int, int] = {}
    number = 0
    for line in data[data.rfind(b"\nxref") + len(b"\nxref") :].split(b"\n"):
        parts = line.split()
        if len(parts) == 2:
            number = int(parts[0])
        elif len(parts) == 3:
            if parts[2] == b"n" and (header := _HEADER.match(data, int(parts[0]))):
                found[number] = header.end()
            number += 1
        elif parts[:1] == [b"trailer"]:
            break
    return found


def _read(data: bytes, at: int, depth: int = 0) -> tuple[Any, int]:
    """A value and where it ends."""
    found = _TOKEN.match(data, at)
    if not found or depth > _DEEPEST:
        return None, len(data)
    token, at = found[1], found.end()
    if token == b"<<":
        return _dictionary(data, at, depth)
    if token == b"[":
        return _array(data, at, depth)
    if token == b"(":
        return None, _behind_text(data, at)
    if token.isdigit() and (reference := _REFERENCE.match(data, at)):
        return Reference(int(token)), reference.end()
    return token, at


def _dictionary(data: bytes, at: int, depth: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    while at < len(data):
        key, at = _read(data, at, depth + 1)
        if not isinstance(key, bytes) or not key.startswith(b"/"):
            break
        found[key[1:].decode("latin-1")], at = _read(data, at, depth + 1)
    return found, at


def _array(data: bytes, at: int, depth: int) -> tuple[list[Any], int]:
    found: list[Any] = []
    while at < len(data):
        value, at = _read(data, at, depth + 1)
        if value == b"]":
            break
        found.append(value)
    return found, at


def _behind_text(data: bytes, at: int) -> int:
    depth = 1
    for sign in _IN_TEXT.finditer(data, at):
        depth += {b"(": 1, b")": -1}.get(sign[0], 0)
        if not depth:
            return sign.end()
    return len(data)
