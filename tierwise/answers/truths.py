"""What people say is right: a cell of a manifest, or the name of a folder, as a typed answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.json_schemas import MismatchError
from tierwise.answers.labels import InnerLabelError
from tierwise.records import Scalar
from tierwise.spreadsheets import unguarded


class TruthError(ValueError):
    """A cell does not say what could be the answer of its task; the message says why.

    `inner` is the label that it means where others lie below that, else empty.
    """

    def __init__(self, message: str, inner: str = "") -> None:
        super().__init__(message)
        self.inner = inner


def truth_columns(task: str, answer: AnswerType, columns: Collection[str]) -> tuple[str, ...]:
    """The manifest's columns that say what is right for a task; none when it has no such column.

    It is the column of the task's name; a struct may have one per property instead, as `task.name`.
    """
    held = tuple(name for name in answer.truth_columns(task) if name in columns)
    return held[:1] if task in held else held


def read_truth(answer: AnswerType, cells: Mapping[str, Scalar]) -> Any:
    """The right answer that the cells of `truth_columns` hold, None where they are empty.

    Raises:
        TruthError: what they say can never be an answer.
    """
    filled = {name: unguarded(cell) for name, cell in cells.items() if cell not in (None, "")}
    try:
        return answer.truth(filled) if filled else None
    except InnerLabelError as error:
        raise TruthError(str(error), error.label) from error
    except MismatchError as mismatch:
        raise TruthError(str(mismatch)) from mismatch


def as_answer(answer: AnswerType, cell: Scalar, value: Any = None) -> Any:
    """What a picture was called before, in the task's own spelling where that is an answer of it.

    Where that agrees with `value`, what it is called now, it is `value` itself.

    >>> from tierwise.answers.labels import OneLabel
    >>> as_answer(OneLabel(("sea", "city")), "Sea"), as_answer(OneLabel(("sea", "city")), "alps")
    ('sea', 'alps')
    >>> from tierwise.answers.text import Text
    >>> as_answer(Text(20), " red  ROSE", "Red rose")
    'Red rose'
    """
    try:
        before = read_truth(answer, {"": cell})
    except TruthError:
        return cell
    known = before is not None and value is not None
    return value if known and answer.agrees(before, value) else before
