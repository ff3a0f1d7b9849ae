"""Answers held against what a manifest says: what is right, and what it used to be called.

A manifest's column with the name of a task holds what is right; `label` is that of the task with
one label that has the most of its values, and no such column. In the same way `old_<task>` and
`old_label` hold what each image was called before: any words, which need not be labels of the task
(`tierwise.calibration.labelling` says which task has them).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.truths import TruthError, as_answer, read_truth, truth_columns
from tierwise.records import Answer, Failure, ImageFile, Outcome, Page, of_model
from tierwise.tasks import Task
from tierwise.wording import plain_text

_EXAMPLES = 3
# A score of 1, in whole numbers, which add up the same in any order.
WHOLE = 1_000_000


class Against(StrEnum):
    """What answers are held against."""

    LABEL = "label"
    OLD_LABEL = "old_label"
    UNKNOWN_LABEL = "unknown_label"
    INNER_LABEL = "inner_label"
    AUDIT = "audit"
    EXAMPLE = "example"


@dataclass(frozen=True, slots=True, order=True)
class PairKey:
    """What the manifest says and what was answered; `answer` is empty where there was none.

    Kinds other than one label have neither here, but their scores alone.
    """

    task: str
    against: Against
    label: str
    answer: str


@dataclass(frozen=True, slots=True)
class PairTotals:
    """How many images, their scores in millionths, and the first names in alphabetical order."""

    images: int = 0
    score: int = 0
    examples: tuple[str, ...] = ()

    def __add__(self, other: PairTotals) -> PairTotals:
        examples = sorted({*self.examples, *other.examples})[:_EXAMPLES]
        return PairTotals(self.images + other.images, self.score + other.score, tuple(examples))


PairRow = tuple[PairKey, PairTotals]


@dataclass(frozen=True, slots=True)
class Judged:
    """A task that has something to be held against: its columns, some empty.

    Pictures of the contents `shown` are examples of its prompt, and are no evidence.
    """

    kind: AnswerType
    truth: tuple[str, ...]
    old: str
    shown: frozenset[str] = frozenset()


def judged_tasks(
    tasks: Iterable[Task],
    columns: Collection[str],
    label_task: str = "",
    old_label_task: str = "",
) -> dict[str, Judged]:
    """Those of the tasks that a manifest with these columns says something about.

    The columns `label` and `old_label` are about the tasks that are named, empty for none.
    """
    found: dict[str, Judged] = {}
    for task in tasks:
        truth = truth_columns(task.name, task.answer, columns)
        if not truth and task.name == label_task and "label" in columns:
            truth = ("label",)
        old = f"old_{task.name}" if f"old_{task.name}" in columns else ""
        if not old and task.name == old_label_task and "old_label" in columns:
            old = "old_label"
        if truth or old:
            found[task.name] = Judged(task.answer, truth, old, task.contents_shown)
    return found


def judge_row(judged: Mapping[str, Judged], file: ImageFile, outcome: Outcome) -> Iterator[PairRow]:
    """What one answer, or its lack, adds to the tables; where people answered, what Gemini said."""
    task, found = judged.get(outcome.task), of_model(outcome)
    if found is None:
        return
    outcome = replace(found, task=outcome.task)
    if task is None or (isinstance(outcome, Failure) and outcome.unasked):
        return
    if _is_about_another(file, outcome.page):
        return
    value = outcome.value if isinstance(outcome, Answer) else None
    yield from _against_truth(task, file, outcome.task, value)
    if task.old and (old := file.columns.get(task.old)) not in (None, ""):
        before = as_answer(task.kind, old, value)
        key = PairKey(outcome.task, Against.OLD_LABEL, written(before), written(value))
        yield key, PairTotals(1, 0, (file.uri,))


def _is_about_another(file: ImageFile, page: Page) -> bool:
    """Whether the file's row is about another of its pages, as a column `page` says.

    Of a file with one page it may be anything, such as the page of a book.
    """
    said = str(file.columns.get("page") or "").strip()
    return page.pages > 1 and said.isdecimal() and int(said) != page.number


def _against_truth(task: Judged, file: ImageFile, name: str, value: Any) -> Iterator[PairRow]:
    cells = {column: file.columns.get(column) for column in task.truth}
    try:
        truth = read_truth(task.kind, cells)
    except TruthError as error:
        unknown = written(next(cell for cell in cells.values() if cell not in (None, "")))
        against = Against.INNER_LABEL if error.inner else Against.UNKNOWN_LABEL
        said = error.inner or unknown
        yield PairKey(name, against, said, ""), PairTotals(1, 0, (file.uri,))
        return
    if truth is not None:
        points = round(task.kind.score_of(truth, value) * WHOLE)
        against = Against.EXAMPLE if file.content_hash in task.shown else Against.LABEL
        pair = (written(truth), written(value)) if task.kind.choices() else ("", "")
        yield PairKey(name, against, *pair), PairTotals(1, points, (file.uri,))


def written(value: Any) -> str:
    """A label or an answer as text, empty for none."""
    return "" if value is None else plain_text(value)
