"""Answers from a fixed list: exactly one label, or some of them.

A short list travels as an enum. A long one makes Gemini refuse the request ("too many states for
serving"), so its labels are numbered in the prompt and the numbers travel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tierwise.answers.answer_type import AnswerType, Part, packed_openapi, tokens_at_most
from tierwise.answers.comparing import cell_text, read_written
from tierwise.answers.json_schemas import MismatchError, Schema
from tierwise.answers.replies import ReplyError, read_json, unfenced
from tierwise.answers.written_words import meant, overlap, without_joiners
from tierwise.errors import TasksError
from tierwise.records import Scalar
from tierwise.shown import counted, shown, suggestion

MAX_LABELS = 2_000
MAX_LABEL_CHARACTERS = 200
# Where Gemini's own ceiling lies is not published; these stay well below the refusals reported.
LABELS_AS_ENUM = 50
CHARACTERS_AS_ENUM = 1_500

_QUOTES = ('""', "''", "``")


@dataclass(frozen=True, slots=True)
class OneLabel(AnswerType):
    """Exactly one of the labels; the value is a `str`."""

    labels: tuple[str, ...]

    def schema(self) -> Schema:
        """A string among the labels."""
        return Schema("string", enum=self.labels)

    def travels_as(self) -> Schema:
        """A label, or its number."""
        return Schema("string", enum=wire_labels(self.labels))

    def instruction(self) -> str:
        """The numbered labels when they travel as numbers."""
        return _numbered(self.labels, "the number of one label")

    def response_config(self) -> dict[str, Any]:
        """Enum mode: the reply is the bare label, the fewest tokens there are."""
        return {"responseMimeType": "text/x.enum", "responseSchema": _enum(self.labels)}

    def packed_response_config(self, images: int) -> dict[str, Any]:
        """One label per numbered item."""
        return packed_openapi(images, _enum(self.labels))

    def parse(self, text: str) -> str:
        """The label a reply names: exactly, else without quotes and case where that is unique."""
        return _find(self.labels, unfenced(text))

    def read(self, item: Any) -> str:
        """The label an item names."""
        return _find(self.labels, item)

    def answer_tokens(self) -> int:
        """Tokens of the longest label."""
        return _longest(self.labels)

    def identity(self) -> dict[str, Any]:
        """Labels in their order."""
        return {"labels": self.labels, "multiple": False}

    def options(self) -> tuple[str, ...]:
        """All of them."""
        return self.labels

    @staticmethod
    def picked(value: str) -> tuple[str, ...]:
        """The label."""
        return (value,)

    @staticmethod
    def told(value: str) -> str:
        """The label."""
        return value

    @staticmethod
    def described(labels: int) -> str:
        """Of how many."""
        return f"one label of {labels}"

    def recurs(self) -> bool:
        """A label is right or wrong."""
        return True

    def truth(self, cells: Mapping[str, Scalar]) -> str:
        """The label of the first cell, whatever its case where that is unique."""
        return _written(self.labels, next(iter(cells.values())))

    def score(self, truth: str, value: str) -> float:
        """Right or wrong."""
        return float(truth == value)

    def parts(self, truth: str, value: str | None) -> Iterator[Part]:
        """None."""
        del truth, value
        yield from ()


@dataclass(frozen=True, slots=True)
class SeveralLabels(AnswerType):
    """Any number of the labels, none included; the value is a `tuple` in the file's order."""

    labels: tuple[str, ...]

    def schema(self) -> Schema:
        """An array of strings among the labels."""
        return Schema("array", items=Schema("string", enum=self.labels))

    def travels_as(self) -> Schema:
        """Labels or their numbers, each at most once."""
        items = Schema("string", enum=wire_labels(self.labels))
        return Schema("array", items=items, at_most=len(self.labels))

    def instruction(self) -> str:
        """The numbered labels when they travel as numbers."""
        return _numbered(self.labels, "the numbers of all labels that fit")

    def response_config(self) -> dict[str, Any]:
        """A JSON array of labels."""
        return {"responseMimeType": "application/json", "responseSchema": self._array()}

    def packed_response_config(self, images: int) -> dict[str, Any]:
        """An array of labels per numbered item."""
        return packed_openapi(images, self._array())

    def parse(self, text: str) -> tuple[str, ...]:
        """The labels of a JSON array; a label named twice counts once."""
        return self.read(read_json(text))

    def read(self, item: Any) -> tuple[str, ...]:
        """The labels of one item."""
        if not isinstance(item, list):
            raise ReplyError(f"the answer is not a list of labels: {shown(item)}")
        found = {_find(self.labels, label) for label in item}
        return tuple(label for label in self.labels if label in found)

    def answer_tokens(self) -> int:
        """Tokens of every label at once, with quotes and commas; at most of fifty of them."""
        count = min(len(self.labels), LABELS_AS_ENUM)
        return 2 + count * (_longest(self.labels) + 2)

    def identity(self) -> dict[str, Any]:
        """Labels in their order."""
        return {"labels": self.labels, "multiple": True}

    def options(self) -> tuple[str, ...]:
        """All of them."""
        return self.labels

    @staticmethod
    def picked(value: Sequence[str]) -> tuple[str, ...]:
        """The labels, for each of which the image counts."""
        return tuple(value)

    @staticmethod
    def told(value: Sequence[str]) -> str:
        """The labels with commas."""
        return ", ".join(value) or "none"

    @staticmethod
    def described(labels: int) -> str:
        """Of how many."""
        return f"some of {labels} labels"

    def recurs(self) -> bool:
        """Each label fits or does not."""
        return True

    def truth(self, cells: Mapping[str, Scalar]) -> tuple[str, ...]:
        """Labels of a JSON list, or of words with semicolons between them, in the file's order."""
        words = read_written(Schema("array"), next(iter(cells.values())))
        found = {_written(self.labels, word) for word in words}
        return tuple(label for label in self.labels if label in found)

    def score(self, truth: Sequence[str], value: Sequence[str]) -> float:
        """The harmonic mean of what was found and what was right of it (F1)."""
        return overlap(truth, value)

    def parts(self, truth: Sequence[str], value: Sequence[str] | None) -> Iterator[Part]:
        """None."""
        del truth, value
        yield from ()

    def _array(self) -> dict[str, Any]:
        return {"type": "ARRAY", "items": _enum(self.labels)}


def read_labels(raw: list[str], *, multiple: bool) -> OneLabel | SeveralLabels:
    """The labels of a task; raises `TasksError` for labels that no reply could name."""
    least = 1 if multiple else 2
    if not least <= len(raw) <= MAX_LABELS:
        remedy = (
            "Add what an image may be instead, such as other."
            if len(raw) < least
            else "Split the list into a coarse task and finer ones with `when`."
        )
        raise TasksError(
            f"{counted(len(raw), 'label')} given; {least} to {MAX_LABELS} can be asked. {remedy}"
        )
    for label in raw:
        if label != label.strip() or not without_joiners(label).isprintable() or not label:
            raise TasksError(
                f"the label {shown(label)} is empty, or has white space or control characters "
                "around or in it. Write it plain."
            )
        if len(label) > MAX_LABEL_CHARACTERS:
            raise TasksError(
                f"the label {shown(label)} has {len(label)} characters, the limit is "
                f"{MAX_LABEL_CHARACTERS}. Move the explanation into the prompt."
            )
    return SeveralLabels(tuple(raw)) if multiple else OneLabel(tuple(raw))


def wire_labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    """What stands for each label in requests and replies: itself, or its number from 1."""
    if len(labels) <= LABELS_AS_ENUM and sum(map(len, labels)) <= CHARACTERS_AS_ENUM:
        return labels
    return tuple(str(number) for number in range(1, len(labels) + 1))


def _enum(labels: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "STRING", "enum": list(wire_labels(labels))}


def _longest(labels: tuple[str, ...]) -> int:
    return max(tokens_at_most(label) for label in wire_labels(labels))


@lru_cache(maxsize=64)
def _numbered(labels: tuple[str, ...], wanted: str) -> str:
    codes = wire_labels(labels)
    if codes == labels:
        return ""
    lines = (f"{code} {label}" for code, label in zip(codes, labels, strict=True))
    return "\n".join((f"Answer with {wanted}:", *lines))


def _find(labels: tuple[str, ...], answer: Any) -> str:
    if not isinstance(answer, str):
        raise ReplyError(f"the answer is not a label: {shown(answer)}")
    names = wire_labels(labels)
    bare = answer.strip()
    unquoted = bare[1:-1].strip() if bare[:1] + bare[-1:] in _QUOTES else bare
    for reading in (bare, unquoted):
        if (place := meant(names, reading)) is not None:
            return labels[place]
    raise ReplyError(f"the answer is not among the labels: {shown(bare)}")


def _written(labels: tuple[str, ...], cell: Any) -> str:
    """The label that people mean."""
    word = cell_text(cell)
    if (place := meant(labels, word)) is None:
        raise MismatchError(f"{shown(word)} is not a label. {suggestion(word, labels, 'labels')}")
    return labels[place]
