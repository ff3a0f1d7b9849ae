"""What kind of values a column holds, by the values that were looked at."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isnan
from typing import Any

import pyarrow as pa

from tierwise.records import Scalar

_KINDS = {str: "string", int: "integer", float: "number", bool: "boolean"}
_INTEGERS = range(-(2**63), 2**63)
# Up to here a float is every whole number.
EXACT = 2.0**53
_WHOLE, _MISSING = "whole", "missing"


@dataclass
class KindTally:
    """Counts the kinds of values by column; `rows` are all that were looked at."""

    rows: int = 0
    _found: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, cells: Mapping[str, Any]) -> None:
        """Add a row."""
        self.rows += 1
        for name, value in cells.items():
            self._found.setdefault(name, Counter())[_kind_of_value(scalar(value))] += 1

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return len(self._found)

    def kinds(self, *, whole: bool) -> dict[str, str]:
        """The kind of each column; numbers become whole ones only where all rows were seen."""
        return {name: self._widest(found, whole) for name, found in self._found.items()}

    def _widest(self, counts: Counter[str], whole: bool) -> str:
        found = set(counts) - {_MISSING}
        gaps = whole and self.rows > sum(counts[kind] for kind in found)
        if _WHOLE in found:  # with gaps between them, they once had no point
            found = found - {_WHOLE} | {"integer" if gaps else "number"}
        if len(found) == 1:
            return next(iter(found))
        return "number" if found == {"integer", "number"} else "string"


def wider(kind: str, other: str) -> str:
    """The kind that holds the values of both."""
    if kind == other:
        return kind
    return "number" if {kind, other} == {"integer", "number"} else "string"


def arrow_kind(kind: pa.DataType) -> str:
    """The kind of a column of Parquet."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind) and not pa.types.is_uint64(kind):
        return "integer"
    return "number" if pa.types.is_floating(kind) else "string"


def of_kind(value: Any, kind: str) -> Scalar:
    """A cell as its column holds it.

    Raises:
        ValueError: it cannot, without a loss.
    """
    found = scalar(value)
    if found is None:
        return None
    if kind == "string":
        return found if isinstance(found, str) else json.dumps(found)
    if kind == "boolean":
        if isinstance(found, bool):
            return found
    elif isinstance(found, int | float) and not isinstance(found, bool):
        if kind == "number":
            return float(found)
        if isinstance(found, int) or (found.is_integer() and abs(found) < EXACT):
            return int(found)
    raise ValueError(f"not a value of the kind {kind}")


def scalar(value: Any) -> Scalar:
    """A cell as our tables can hold it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return None if isnan(value) else value  # how tables of pandas say that nothing is there
    if isinstance(value, int):
        return value if value in _INTEGERS else str(value)
    nested = isinstance(value, dict | list)
    text = json.dumps(value, ensure_ascii=False, default=_text) if nested else _text(value)
    # JSON can write half a character, which is not text elsewhere.
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _text(value: Any) -> str:
    if not isinstance(value, bytes):
        return str(value)
    try:  # some programs write text without saying so
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(value).decode("ascii")


def _kind_of_value(value: Scalar) -> str:
    if value is None:
        return _MISSING
    whole = isinstance(value, float) and value.is_integer() and abs(value) < EXACT
    return _WHOLE if whole else _KINDS[type(value)]
