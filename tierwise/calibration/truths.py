"""What people say is right: a cell of a manifest, or the name of a folder, as a typed answer."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.answers.structs import Struct
from tierwise.answers.text import Text
from tierwise.records import Scalar
from tierwise.shown import shown, suggestion

_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


class TruthError(ValueError):
    """A cell does not say what could be the answer of its task; the message says why."""


def truth_columns(task: str, answer: AnswerType, columns: Collection[str]) -> tuple[str, ...]:
    """The manifest's columns that say what is right for a task; none when it has no such column.

    It is the column of the task's name; a struct may have one per property instead, as `task.name`.
    """
    if task in columns:
        return (task,)
    if isinstance(answer, Struct):
        fields = (f"{task}.{name}" for name, _ in answer.fields.properties)
        return tuple(name for name in fields if name in columns)
    return ()


def read_truth(answer: AnswerType, cells: Mapping[str, Scalar]) -> Any:
    """The right answer that the cells of `truth_columns` hold, None where they are empty.

    Raises:
        TruthError: what they say can never be an answer.
    """
    filled = {name: _unguarded(cell) for name, cell in cells.items() if cell not in (None, "")}
    if not filled:
        return None
    first = next(iter(filled.values()))
    if isinstance(answer, OneLabel):
        return _label(answer.labels, first)
    if isinstance(answer, SeveralLabels):
        return _labels(answer.labels, first)
    if isinstance(answer, Text):
        return str(first)
    if any("." in name for name in filled):
        return {name.partition(".")[2]: cell for name, cell in filled.items()}
    return _properties(first)


def _unguarded(cell: Scalar) -> Scalar:
    """Without the apostrophe by which tables keep spreadsheets from computing a cell.

    >>> _unguarded("'=1+1"), _unguarded("'tis"), _unguarded(5)
    ('=1+1', "'tis", 5)
    """
    if isinstance(cell, str) and cell[:1] == "'" and cell[1:2] in _FORMULA_SIGNS:
        return cell[1:]
    return cell


def _label(labels: tuple[str, ...], cell: Scalar) -> str:
    """A label, whatever its case where that is unique.

    >>> _label(("cat", "dog"), "Dog")
    'dog'
    """
    written = str(cell).strip()
    alike = [label for label in labels if label.casefold() == written.casefold()]
    if written in labels:
        return written
    if len(alike) != 1:
        raise TruthError(f"{shown(written)} is no label. {suggestion(written, labels, 'labels')}")
    return alike[0]


def _labels(labels: tuple[str, ...], cell: Scalar) -> tuple[str, ...]:
    """Labels of a JSON list, or of words with semicolons between them, in the file's order.

    >>> _labels(("a", "b", "c"), "c; a"), _labels(("a", "b"), "[]")
    (('a', 'c'), ())
    """
    written = str(cell).strip()
    try:
        words = json.loads(written) if written.startswith("[") else written.split(";")
    except ValueError as error:
        raise TruthError(f"{shown(written)} is no JSON list: {error}") from error
    found = {_label(labels, word) for word in words if str(word).strip()}
    return tuple(label for label in labels if label in found)


def _properties(cell: Scalar) -> dict[str, Any]:
    try:
        found = json.loads(str(cell))
    except ValueError as error:
        raise TruthError(f"{shown(cell)} is no JSON object: {error}") from error
    if not isinstance(found, dict) or not found:
        raise TruthError(f"{shown(cell)} is no JSON object with properties")
    return found
