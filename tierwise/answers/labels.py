"""Answers from a fixed list: exactly one label, or some of them.

A reply names a label in the words of the question's form: by itself, its number or its code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tierwise.answers.answer_type import AnswerType, Score, tokens_at_most
from tierwise.answers.comparing import cell_text, read_written
from tierwise.answers.forms import (
    LABELS_AS_ENUM,
    Form,
    LabelForm,
    Layout,
    forms_of_labels,
    label_names,
    listed_labels,
)
from tierwise.answers.json_schemas import MismatchError, Schema
from tierwise.answers.replies import ReplyError, read_json, unfenced
from tierwise.answers.written_words import meant, none_fits, overlap, without_joiners
from tierwise.errors import TasksError
from tierwise.records import Scalar
from tierwise.shown import counted, shown, suggestion

MAX_LABELS = 2_000
MAX_LABEL_CHARACTERS = 200

_QUOTES = ('""', "''", "``")


class _OfLabels(AnswerType):
    """What one label and several have in common."""

    __slots__ = ()
    labels: tuple[str, ...]

    def forms(self) -> tuple[Form, ...]:
        """Those of its list."""
        return forms_of_labels(self.labels)

    def options(self) -> tuple[str, ...]:
        """All of them."""
        return self.labels

    def recurs(self) -> bool:
        """A label fits or does not."""
        return True

    def parts(self, truth: Any, value: Any) -> Iterator[Score]:
        """None: recall and confusions say more."""
        del truth, value
        yield from ()


@dataclass(frozen=True, slots=True)
class OneLabel(_OfLabels):
    """Exactly one of the labels; the value is a `str`."""

    labels: tuple[str, ...]

    def schema(self) -> Schema:
        """A string among the labels."""
        return Schema("string", enum=self.labels)

    def travels_as(self, form: Form | None = None) -> Schema:
        """A label, its number or its code."""
        return _name_schema(self.labels, form or self.forms()[0])

    def listed(self, form: Form) -> str:
        """The labels, when they are not in the schema."""
        return listed_labels(self.labels, form, several=False)

    def parse(self, text: str, form: Form | None = None) -> str:
        """The label a reply names: exactly, else without quotes and case where that is unique."""
        return self.read(unfenced(text), form)

    def read(self, item: Any, form: Form | None = None) -> str:
        """The label an item names."""
        return _find(self.labels, item, form or self.forms()[0])

    def answer_tokens(self, form: Form | None = None) -> int:
        """Tokens of the longest label, or of what stands for it."""
        return _longest(self.labels, form or self.forms()[0])

    def identity(self) -> dict[str, Any]:
        """Labels in their order."""
        return {"labels": self.labels, "multiple": False}

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

    def truth(self, cells: Mapping[str, Scalar]) -> str:
        """The label of the first cell, whatever its case where that is unique."""
        return _written(self.labels, next(iter(cells.values())))

    def score(self, truth: str, value: str) -> float:
        """Right or wrong."""
        return float(truth == value)


@dataclass(frozen=True, slots=True)
class SeveralLabels(_OfLabels):
    """Any number of the labels, none included; the value is a `tuple` in the file's order."""

    labels: tuple[str, ...]

    def schema(self) -> Schema:
        """An array of strings among the labels."""
        return Schema("array", items=Schema("string", enum=self.labels))

    def travels_as(self, form: Form | None = None) -> Schema:
        """An array of labels, their numbers or their codes; few can be counted in a schema."""
        items = _name_schema(self.labels, form or self.forms()[0])
        most = len(self.labels) if len(self.labels) <= LABELS_AS_ENUM else None
        return Schema("array", items=items, at_most=most)

    def listed(self, form: Form) -> str:
        """The labels, when they are not in the schema."""
        return listed_labels(self.labels, form, several=True)

    def parse(self, text: str, form: Form | None = None) -> tuple[str, ...]:
        """The labels of a JSON array; a label named twice counts once."""
        return self.read(read_json(text), form)

    def read(self, item: Any, form: Form | None = None) -> tuple[str, ...]:
        """The labels of one item."""
        if not isinstance(item, list):
            raise ReplyError(f"the answer is not a list of labels: {shown(item)}")
        form = form or self.forms()[0]
        found = {_find(self.labels, label, form) for label in item}
        return tuple(label for label in self.labels if label in found)

    def answer_tokens(self, form: Form | None = None) -> int:
        """Tokens of every label at once, with quotes and commas; at most of fifty of them."""
        count = min(len(self.labels), LABELS_AS_ENUM)
        return 2 + count * (_longest(self.labels, form or self.forms()[0]) + 2)

    def identity(self) -> dict[str, Any]:
        """Labels in their order."""
        return {"labels": self.labels, "multiple": True}

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

    def truth(self, cells: Mapping[str, Scalar]) -> tuple[str, ...]:
        """Labels of a JSON list, or of words with semicolons between them, in the file's order.

        `none` stands for no label, unless that is one.
        """
        words = read_written(Schema("array"), next(iter(cells.values())))
        if len(words) == 1 and none_fits(self.labels, words[0]):
            return ()
        found = {_written(self.labels, word) for word in words}
        return tuple(label for label in self.labels if label in found)

    def score(self, truth: Sequence[str], value: Sequence[str]) -> float:
        """The harmonic mean of what was found and what was right of it (F1)."""
        return overlap(truth, value)


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


def _name_schema(labels: tuple[str, ...], form: Form) -> Schema:
    """What stands for a label; enumerated, unless the prompt alone lists it."""
    if form.layout is Layout.ROWS:
        first = form.first_number
        return Schema("integer", at_least=first, at_most=first + len(labels) - 1)
    enumerated = form.labels in (LabelForm.ENUM, LabelForm.NUMBERS)
    names = label_names(labels, form.labels, form.first_number)
    return Schema("string", enum=names if enumerated else ())


def _longest(labels: tuple[str, ...], form: Form) -> int:
    names = label_names(labels, form.labels, form.first_number)
    return max(map(tokens_at_most, names))


def _find(labels: tuple[str, ...], answer: Any, form: Form) -> str:
    """The label that a reply means: by what stands for it in this form, else by its own name.

    So a name is understood where a number or a code was asked for, alone or behind its code, but
    never in the place of another label's code. In a row of answers only numbers are understood.
    """
    if form.layout is Layout.ROWS and isinstance(answer, int) and not isinstance(answer, bool):
        answer = str(answer)
    if not isinstance(answer, str):
        raise ReplyError(f"the answer is not a label: {shown(answer)}")
    bare = answer.strip()
    unquoted = bare[1:-1].strip() if bare[:1] + bare[-1:] in _QUOTES else bare
    for names in _readings(labels, form):
        for reading in (bare, unquoted):
            if (place := meant(names, reading)) is not None:
                return labels[place]
    raise ReplyError(f"the answer is not among the labels: {shown(bare)}")


@lru_cache(maxsize=64)
def _readings(labels: tuple[str, ...], form: Form) -> tuple[tuple[str, ...], ...]:
    names = label_names(labels, form.labels, form.first_number)
    if names == labels:
        return (labels,)
    both = tuple(f"{name} {label}" for name, label in zip(names, labels, strict=True))
    # In a row of answers a label may be one of several questions; its number is of one alone.
    return (names, both) if form.layout is Layout.ROWS else (names, labels, both)


def _written(labels: tuple[str, ...], cell: Any) -> str:
    """The label that people mean."""
    word = cell_text(cell)
    if (place := meant(labels, word)) is None:
        raise MismatchError(f"{shown(word)} is not a label. {suggestion(word, labels, 'labels')}")
    return labels[place]
