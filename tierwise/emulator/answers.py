"""Filling a response schema in from a look, or from the looks of pictures asked about together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor
from typing import Any

from tierwise.emulator.choosing import best, holds, label_scores, leaning
from tierwise.emulator.describing import described, phrase, sentence
from tierwise.emulator.known import KnownPictures
from tierwise.emulator.looks import Look
from tierwise.emulator.schemas import ResponseSchema, told_in_words

# What stands for a label that is none.
OUTSIDE = "none of the given answers"
_CHOSEN = 0.5
# Of formats that a schema may ask for; nothing in the pixels says more.
_WRITTEN = {"date": "2026-01-01", "date-time": "2026-01-01T12:00:00Z", "time": "12:00:00"}
_AT_MOST = re.compile(r"\bat most ([1-9]\d{0,4}) characters", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Filler:
    """Answers one question about one look, or about several that belong together.

    The answer depends on the looks, the schema and the meaning of the question, never on what else
    stands in the request. What can be weighed is the mean over the looks, words are those of the
    first. With `outside` it is an answer that the schema does not allow. `labels` are those that
    the prompt lists, by what the answer is to call them.
    """

    looks: Sequence[Look]
    question: str
    known: KnownPictures | None = None
    outside: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)

    def text(self, most: int | None = None) -> str:
        """The answer to a question without a schema, as short as the question wants it.

        `most` is a limit of the characters that is said elsewhere.
        """
        if self.labels:
            return str(self._label({"enum": list(self.labels)}, ""))
        text = sentence(self.looks[0], self._shows())
        limits = [int(limit) for limit in _AT_MOST.findall(self.question)][-1:]
        limits += [] if most is None else [most]
        if self.outside or not limits or len(text) <= min(limits):
            return text
        return phrase(self.looks[0], min(limits), self._shows())

    def value(self, schema: ResponseSchema, name: str = "") -> Any:
        """A value that fits `schema`; `name` is the field that it is for."""
        if "const" in schema:
            return schema["const"]
        schema = {**told_in_words(schema), **schema}
        if schema["type"] == "string" and self.labels:
            schema = {"enum": list(self.labels), **schema}
        if schema.get("enum"):
            return self._label(schema, name)
        if schema["type"] == "object":
            return self._object(schema)
        if schema["type"] == "array":
            return self._array(schema, name)
        return {"unexpected": True} if self.outside else self._scalar(schema, name)

    def _shows(self) -> str:
        return self.known.shown(self.looks[0]) if self.known else ""

    def _mean(self, scores: Iterable[float]) -> float:
        return sum(scores) / len(self.looks)

    def _scalar(self, schema: ResponseSchema, name: str) -> Any:
        kind = schema["type"]
        if kind == "boolean":
            asked = self._asked(schema, name)
            return self._mean(holds(look, asked) for look in self.looks) > _CHOSEN
        if kind in {"number", "integer"}:
            return self._number(schema, name, whole=kind == "integer")
        return None if kind == "null" else self._string(schema)

    def _asked(self, schema: ResponseSchema, name: str) -> str:
        return f"{name.replace('_', ' ')} {schema.get('description', '')} {self.question}"

    def _scores(self, schema: ResponseSchema, name: str) -> dict[str, float]:
        names = [one for one in schema["enum"] if isinstance(one, str)]
        meant = {one: self.labels.get(one, one) for one in names}
        asked = self._asked(schema, name)
        each = [label_scores(look, list(meant.values()), asked, self.known) for look in self.looks]
        return {one: self._mean(scores[meant[one]] for scores in each) for one in names}

    def _label(self, schema: ResponseSchema, name: str) -> Any:
        if self.outside:
            return OUTSIDE
        scores = self._scores(schema, name)
        return best(scores) if scores else schema["enum"][0]

    def _object(self, schema: ResponseSchema) -> dict[str, Any]:
        properties: Mapping[str, ResponseSchema] = schema.get("properties") or {}
        first = schema.get("propertyOrdering") or schema.get("required") or ()
        names = dict.fromkeys([*(name for name in first if name in properties), *properties])
        return {name: self.value(properties[name], name) for name in names}

    def _array(self, schema: ResponseSchema, name: str) -> list[Any]:
        if "prefixItems" in schema:
            return [self.value(one, name) for one in schema["prefixItems"]]
        items = schema.get("items") or {"type": "string"}
        if items.get("type") == "string" and self.labels:
            items = {"enum": list(self.labels), **items}
        least = int(schema.get("minItems") or 0)
        most = int(schema.get("maxItems", max(least, 3)))
        if items.get("enum") and not self.outside:
            return self._several(items, name, least, most)
        if items.get("type") == "string" and not self.outside:
            limit = items.get("maxLength")
            found = described(self.looks[0], self._shows())
            return [found[i % len(found)][:limit] for i in range(min(max(least, 3), most))]
        return [self.value(items, name) for _ in range(min(max(least, 1), most))]

    def _several(self, items: ResponseSchema, name: str, least: int, most: int) -> list[str]:
        scores = self._scores(items, name)
        ranked: Sequence[str] = sorted(scores, key=lambda label: -scores[label])
        fitting = sum(scores[label] > _CHOSEN for label in ranked)
        return list(ranked[: min(max(fitting, least, 1), most)])

    def _number(self, schema: ResponseSchema, name: str, *, whole: bool) -> float | int:
        low = float(schema.get("minimum", min(0, schema.get("maximum", 0))))
        high = float(schema.get("maximum", low + (100 if whole else 1)))
        value = low + (high - low) * self._mean(
            leaning(look, name or "number") for look in self.looks
        )
        if whole:
            return min(max(round(value), ceil(low)), floor(high))
        return min(max(round(value, 3), low), high)

    def _string(self, schema: ResponseSchema) -> str:
        if (written := _WRITTEN.get(schema.get("format", ""))) is not None:
            return written
        limit = schema.get("maxLength")
        text = phrase(self.looks[0], None if limit is None else int(limit), self._shows())
        return text.ljust(int(schema.get("minLength") or 0), ".")
