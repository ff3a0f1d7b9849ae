"""Answers from a fixed list: exactly one label, or some of them.

A reply names a label in the words of the question's form: by itself, its number or its code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from tierwise.answers.answer_type import AnswerType, Score, tokens_at_most
from tierwise.answers.comparing import cell_text, read_written
from tierwise.answers.forms import (
    LABELS_AS_ENUM,
    Form,
    LabelForm,
    Layout,
    beyond_numerals,
    forms_of_labels,
    label_names,
    listed_labels,
)
from tierwise.answers.json_schemas import MismatchError, Schema
from tierwise.answers.replies import ReplyError, read_json, unfenced
from tierwise.answers.written_words import meant, none_fits, overlap
from tierwise.errors import TasksError
from tierwise.records import Scalar
from tierwise.shown import counted, shown, suggestion
from tierwise.taxonomy.cut import below_cut
from tierwise.taxonomy.levels import EXACT, nearness
from tierwise.taxonomy.names import names_alone
from tierwise.taxonomy.taxonomy import Taxonomy

# More would fill a prompt of a million tokens.
MAX_LABELS = 50_000

_QUOTES = ('""', "''", "``")


class InnerLabelError(MismatchError):
    """What people wrote is a label of the tree that cannot be the answer, for others lie below."""

    def __init__(self, label: str) -> None:
        super().__init__(
            f"{shown(label)} is a label that others lie below, and so cannot be the answer. Write "
            "one of those, or `back_off: true`."
        )
        self.label = label


class _OfLabels(AnswerType):
    """What one label and several have in common."""

    __slots__ = ()
    labels: tuple[str, ...]
    taxonomy: Taxonomy | None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled without names that the taxonomy holds: of thousands each worker gets them."""
        cells = tuple(getattr(self, one.name) for one in fields(self))  # type: ignore[arg-type]
        if self.taxonomy and self.labels == self.taxonomy.options:
            return _of_taxonomy, (type(self), *cells[1:])
        return type(self), cells

    def forms(self) -> tuple[Form, ...]:
        """Those of its list."""
        return forms_of_labels(self.labels, self.taxonomy)

    def numbered_from(self, least: int) -> int:
        """Such that no number is a name of a label."""
        return beyond_numerals(self.labels, least, self.taxonomy)

    def options(self) -> tuple[str, ...]:
        """All of them."""
        return self.labels

    def find(self, word: str) -> str | None:
        """The label that a word means, by whatever name."""
        return self.taxonomy.find(word) if self.taxonomy else names_alone(self.labels).find(word)

    def explained(self) -> dict[str, str]:
        """What more than names is told of the labels, for the task's digest."""
        return self.taxonomy.identity() if self.taxonomy else {}

    def written(self, cell: Any) -> str:
        """The label that people mean, by a name or an id; raises `MismatchError`."""
        word = cell_text(cell)
        known = self.taxonomy.written_by(word) if self.taxonomy else self.find(word)
        if known is None and self.taxonomy and (inner := self.taxonomy.inner(word)):
            raise InnerLabelError(inner)
        if known is None:
            remedy = suggestion(word, self.labels, "labels")
            raise MismatchError(f"{shown(word)} is not a label. {remedy}")
        return known

    def recurs(self) -> bool:
        """A label fits or does not."""
        return True

    def parts(self, truth: Any, value: Any) -> Iterator[Score]:
        """How near one label of a tree comes; of others none: recall and confusions say more."""
        if self.taxonomy and self.taxonomy.is_tree and isinstance(truth, str):
            for name, right in nearness(self.taxonomy, truth, value).items():
                if name != EXACT:  # which is the score itself
                    yield Score(name, float(right), float(right))


@dataclass(frozen=True, slots=True)
class OneLabel(_OfLabels):
    """Exactly one of the labels; the value is a `str`.

    `taxonomy` is what else is known of them, None where they are names alone.
    """

    labels: tuple[str, ...]
    taxonomy: Taxonomy | None = None

    def schema(self) -> Schema:
        """A string among the labels."""
        return Schema("string", enum=self.labels)

    def travels_as(self, form: Form | None = None) -> Schema:
        """A label, its number or its code."""
        return _name_schema(self, form or self.forms()[0])

    def listed(self, form: Form) -> str:
        """The labels, when they are not in the schema."""
        return listed_labels(self.labels, form, several=False, taxonomy=self.taxonomy)

    def parse(self, text: str, form: Form | None = None) -> str:
        """The label a reply names: exactly, else without quotes and case where that is unique."""
        return self.read(unfenced(text), form)

    def read(self, item: Any, form: Form | None = None) -> str:
        """The label an item names."""
        return _read(self, item, form or self.forms()[0])[0]

    def answered_as(self, item: Any, form: Form | None = None) -> str:
        """What an item calls its label, where that is not its name."""
        return _read(self, item, form or self.forms()[0])[1]

    def said_in(self, text: str, form: Form | None = None) -> str:
        """The same of a reply."""
        return self.answered_as(unfenced(text), form)

    def cells(self, value: str) -> dict[str, Any]:
        """The label's id and path."""
        if not self.taxonomy:
            return {}
        label = self.taxonomy.label(value)
        path = label.written_path if self.taxonomy.is_tree else None
        return {"label_id": label.id or None, "label_path": path}

    def answer_tokens(self, form: Form | None = None) -> int:
        """Tokens of the longest label, or of what stands for it."""
        return _longest(self, form or self.forms()[0])

    def below(self, name: str) -> OneLabel:
        """The labels of a question about one and all below it."""
        return _below(self, name)

    def identity(self) -> dict[str, Any]:
        """Labels in their order."""
        return {"labels": self.labels, "multiple": False, **self.explained()}

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
        return self.written(next(iter(cells.values())))

    def score(self, truth: str, value: str) -> float:
        """Right or wrong."""
        return float(truth == value)


@dataclass(frozen=True, slots=True)
class SeveralLabels(_OfLabels):
    """Any number of the labels, none included; the value is a `tuple` in the file's order.

    At most `max_labels` of them where that is given. `taxonomy` is as in `OneLabel`.
    """

    labels: tuple[str, ...]
    taxonomy: Taxonomy | None = None
    max_labels: int | None = None

    def schema(self) -> Schema:
        """An array of strings among the labels."""
        return Schema("array", items=Schema("string", enum=self.labels))

    def travels_as(self, form: Form | None = None) -> Schema:
        """An array of labels, their numbers or their codes; few can be counted in a schema."""
        items = _name_schema(self, form or self.forms()[0])
        most = self.max_labels or (len(self.labels) if len(self.labels) <= LABELS_AS_ENUM else None)
        return Schema("array", items=items, at_most=most)

    def listed(self, form: Form) -> str:
        """How many at most, and the labels when they are not in the schema."""
        most = f"Name at most {counted(self.max_labels, 'label')}." if self.max_labels else ""
        labels = listed_labels(self.labels, form, several=True, taxonomy=self.taxonomy)
        return "\n".join(filter(None, (most, labels)))

    def parse(self, text: str, form: Form | None = None) -> tuple[str, ...]:
        """The labels of a JSON array; a label named twice counts once."""
        return self.read(read_json(text), form)

    def read(self, item: Any, form: Form | None = None) -> tuple[str, ...]:
        """The labels of one item."""
        if not isinstance(item, list):
            raise ReplyError(f"the answer is not a list of labels: {shown(item)}")
        form = form or self.forms()[0]
        found = {_read(self, label, form)[0] for label in item}
        if self.max_labels and len(found) > self.max_labels:
            raise ReplyError(
                f"the answer has {counted(len(found), 'label')}, the limit is {self.max_labels}"
            )
        return tuple(label for label in self.labels if label in found)

    def answered_as(self, item: Any, form: Form | None = None) -> str:
        """What the items call their labels, where that is not their name; semicolons between."""
        form = form or self.forms()[0]
        words = [_read(self, label, form)[1] for label in item]
        return "; ".join(dict.fromkeys(filter(None, words)))

    def said_in(self, text: str, form: Form | None = None) -> str:
        """The same of a reply."""
        return self.answered_as(read_json(text), form)

    def cells(self, value: Sequence[str]) -> dict[str, Any]:
        """The labels' ids and paths."""
        if not self.taxonomy:
            return {}
        known = [self.taxonomy.label(name) for name in value]
        ids = [label.id for label in known]
        return {
            "label_id": ids if any(ids) else None,
            "label_path": [label.written_path for label in known]
            if self.taxonomy.is_tree
            else None,
        }

    def answer_tokens(self, form: Form | None = None) -> int:
        """Tokens of as many labels as there may be, with quotes and commas; of fifty at most."""
        count = min(len(self.labels), self.max_labels or LABELS_AS_ENUM)
        return 2 + count * (_longest(self, form or self.forms()[0]) + 2)

    def identity(self) -> dict[str, Any]:
        """Labels in their order."""
        most = {"max_labels": self.max_labels} if self.max_labels else {}
        return {"labels": self.labels, "multiple": True, **self.explained(), **most}

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

        `none` stands for no label, unless that is one. One that holds a semicolon is taken whole.
        """
        words = read_written(Schema("array"), next(iter(cells.values())))
        if any(";" in label for label in self.labels):
            words = _rejoined(words, self)
        if len(words) == 1 and none_fits(self.labels, words[0]):
            return ()
        found = {self.written(word) for word in words}
        return tuple(label for label in self.labels if label in found)

    def score(self, truth: Sequence[str], value: Sequence[str]) -> float:
        """The harmonic mean of what was found and what was right of it (F1)."""
        return overlap(truth, value)


def _rejoined(words: Sequence[str], answer: SeveralLabels) -> list[str]:
    """Words between semicolons, those that are a label only together as that label."""
    found, begin = [], 0
    while begin < len(words):
        longest = (words[begin:end] for end in range(len(words), begin, -1))
        joined = ((len(some), sign.join(some)) for some in longest for sign in ("; ", ";"))
        count, word = next(
            ((count, word) for count, word in joined if answer.find(word)), (1, words[begin])
        )
        found.append(word)
        begin += count
    return found


def _of_taxonomy(kind: type[_OfLabels], taxonomy: Taxonomy, *others: Any) -> _OfLabels:
    return kind(taxonomy.options, taxonomy, *others)  # type: ignore[call-arg]


@lru_cache(maxsize=4096)
def _below(answer: OneLabel, name: str) -> OneLabel:
    if answer.taxonomy is None:
        raise KeyError(name)
    known = below_cut(answer.taxonomy, name)
    return OneLabel(known.options, known)


def check_count(labels: int, *, multiple: bool) -> None:
    """Refuse too few labels, or too many; raises `TasksError`."""
    least = 1 if multiple else 2
    if not least <= labels <= MAX_LABELS:
        remedy = (
            "Add what an image may be instead, such as other."
            if labels < least
            else "Split the list into a coarse task and finer ones with `when`."
        )
        raise TasksError(
            f"{counted(labels, 'label')} given; {least} to {MAX_LABELS} can be asked. {remedy}"
        )


def _name_schema(answer: _OfLabels, form: Form) -> Schema:
    """What stands for a label; enumerated, unless the prompt alone lists it."""
    if form.layout is Layout.ROWS:
        first = form.first_number
        return Schema("integer", at_least=first, at_most=first + len(answer.labels) - 1)
    enumerated = form.labels in (LabelForm.ENUM, LabelForm.NUMBERS)
    names = _names(answer, form)
    return Schema("string", enum=names if enumerated else ())


def _longest(answer: _OfLabels, form: Form) -> int:
    return _most_tokens(_names(answer, form))


@lru_cache(maxsize=256)
def _most_tokens(names: tuple[str, ...]) -> int:
    return max(map(tokens_at_most, names))


def _names(answer: _OfLabels, form: Form) -> tuple[str, ...]:
    """What stands for each label in a reply."""
    return label_names(answer.labels, form.labels, form.first_number, answer.taxonomy)


def _read(answer: _OfLabels, item: Any, form: Form) -> tuple[str, str]:
    """The label that a reply means, and what the reply calls it where that is not its name.

    By what stands for a label in this form, else by its own name: so a name is understood where a
    number or a code was asked for, alone or behind its code, but never in the place of another
    label's code. In a row of answers only numbers are understood.
    """
    rows = form.layout is Layout.ROWS
    if rows and isinstance(item, int) and not isinstance(item, bool):
        item = str(item)
    if not isinstance(item, str):
        raise ReplyError(f"the answer is not a label: {shown(item)}")
    bare = item.strip()
    unquoted = bare[1:-1].strip() if bare[:1] + bare[-1:] in _QUOTES else bare
    names, both = _readings(answer.labels, form, answer.taxonomy)
    readings = tuple(dict.fromkeys((bare, unquoted)))
    for reading in readings:
        if names and (place := meant(names, reading)) is not None:
            return answer.labels[place], ""
    # In a row of answers a label may be one of several questions; its number is of one alone.
    for reading in () if rows else readings:
        if (label := answer.find(reading)) is not None:
            return label, "" if reading == label else reading
    for reading in readings:
        if both and (place := meant(both, reading)) is not None:
            return answer.labels[place], ""
    raise ReplyError(f"the answer is not among the labels: {shown(bare)}")


@lru_cache(maxsize=64)
def _readings(
    labels: tuple[str, ...], form: Form, taxonomy: Taxonomy | None
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """What stands for each label where its name does not, and that with its name behind it."""
    names = label_names(labels, form.labels, form.first_number, taxonomy)
    if names == labels:
        return None, None
    return names, tuple(f"{name} {label}" for name, label in zip(names, labels, strict=True))
