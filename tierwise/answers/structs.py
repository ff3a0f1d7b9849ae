"""Answers with several typed fields, described by a JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.answers.answer_type import Score, ToldByExample, part, tokens_at_most
from tierwise.answers.comparing import read_properties
from tierwise.answers.forms import FORMS_OF_STRUCTS, Form
from tierwise.answers.json_schemas import MismatchError, Schema
from tierwise.answers.replies import ReplyError, read_json
from tierwise.answers.schema_dialects import json_schema
from tierwise.records import Scalar

# For output limits, where the schema sets none.
_STRING_CHARACTERS = 400
_ARRAY_ITEMS = 20
_SCALAR_TOKENS = {"boolean": 2, "integer": 20, "number": 24}


# A number of this name says how sure the model is, from 0 to 1.
CONFIDENCE = "confidence"


@dataclass(frozen=True, slots=True)
class Struct(ToldByExample):
    """One object with typed properties; the value is a `dict` in the schema's order.

    A property that is not required may be absent from it.
    """

    fields: Schema

    def schema(self) -> Schema:
        """The schema as the user gave it."""
        return self.fields

    def forms(self) -> tuple[Form, ...]:
        """Those of structs."""
        return FORMS_OF_STRUCTS

    def listed(self, form: Form) -> str:
        """Nothing: Gemini reads the schema."""
        del form
        return ""

    def parse(self, text: str, form: Form | None = None) -> dict[str, Any]:
        """The object of a JSON reply, checked against the schema."""
        return self.read(read_json(text), form)

    def read(self, item: Any, form: Form | None = None) -> dict[str, Any]:
        """The object of one item, checked against the schema."""
        del form
        try:
            checked: dict[str, Any] = self.fields.check(item)
        except MismatchError as mismatch:
            raise ReplyError(f"the answer does not fit its schema: {mismatch}") from mismatch
        return checked

    def answer_tokens(self, form: Form | None = None) -> int:
        """Tokens of the longest object that the schema allows, by its bounds."""
        del form
        return _tokens(self.fields)

    def identity(self) -> dict[str, Any]:
        """The whole schema, lengths included."""
        return {"schema": json_schema(self.fields)}

    @staticmethod
    def told(value: Mapping[str, Any]) -> str:
        """The properties that have a value, each with it."""
        known = ((name, one) for name, one in value.items() if one is not None)
        return ", ".join(f"{name}: {_plain(one)}" for name, one in known) or "none"

    @staticmethod
    def described(labels: int) -> str:
        """Its kind."""
        del labels
        return "struct"

    def recurs(self) -> bool:
        """Properties are right or wrong."""
        return True

    def truth_columns(self, task: str) -> tuple[str, ...]:
        """The task's, or one for each property."""
        return (task, *(f"{task}.{name}" for name, _ in self.fields.properties))

    def truth(self, cells: Mapping[str, Scalar]) -> dict[str, Any]:
        """The properties that are known: those of a JSON object, or those with a cell."""
        written: Any = {name.partition(".")[2]: cell for name, cell in cells.items()}
        found = read_properties(self.fields, written.get("", written), "it")
        if not found:
            raise MismatchError("it is a JSON object without properties")
        return found

    def agrees(self, truth: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
        """Whether every known property is exact; of others nobody has said anything."""
        return all(one.exact == 1 for one in self.parts(truth, value))

    def score(self, truth: Mapping[str, Any], value: Mapping[str, Any]) -> float:
        """The share of the known properties that are exact."""
        return sum(part.exact for part in self.parts(truth, value)) / len(truth)

    def is_whole(self, truth: Mapping[str, Any]) -> bool:
        """Whether one property is known."""
        return len(truth) == 1

    def parts(self, truth: Mapping[str, Any], value: Mapping[str, Any] | None) -> Iterator[Score]:
        """The known properties."""
        for name, below in self.fields.properties:
            if name in truth:
                none = Score(name, 0.0, 0.0)
                yield none if value is None else part(name, below, truth[name], value.get(name))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _tokens(schema: Schema) -> int:
    if schema.enum:
        return 2 + max(tokens_at_most(str(value)) for value in schema.enum)
    if schema.type == "object":
        return 2 + sum(
            4 + tokens_at_most(name) + _tokens(below) for name, below in schema.properties
        )
    if schema.items:
        count = _ARRAY_ITEMS if schema.at_most is None else int(schema.at_most)
        return 2 + count * (1 + _tokens(schema.items))
    if schema.type == "string":
        characters = _STRING_CHARACTERS if schema.at_most is None else int(schema.at_most)
        return 2 + characters * 3 // 4
    return _SCALAR_TOKENS[schema.type]
