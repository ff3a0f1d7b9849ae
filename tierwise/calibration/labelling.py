"""Which tasks have labelled images, and the task that a folder per label makes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence

from tierwise.answers.truths import truth_columns
from tierwise.answers.written_words import meant
from tierwise.calibration.reached import gates
from tierwise.errors import InputError
from tierwise.shown import counted
from tierwise.tasks import Tasks, load_tasks
from tierwise.tasks.task import Task

# The column of a manifest, or the folder's name, that belongs to whichever task has such labels.
LABEL = "label"
OLD_LABEL = "old_label"
# The one task of a folder per label.
FOLDERS_TASK = "category"
# With fewer images nothing can be shown, whatever they say.
LEAST_IMAGES = 10

_MODEL = "gemini-3.1-flash-lite"


def calibrated_tasks(
    tasks: Tasks, columns: Collection[str], labels: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """The columns that hold the truth, for each task that can be calibrated.

    A column `label` belongs to the one task with one label that has the most of `labels`, which are
    its values. Tasks that read other answers, or groups of images, are left out: their routes stay.

    Raises:
        InputError: no task has labelled images.
    """
    able = [task for task in tasks.tasks if can_be_calibrated(task)]
    found = {task.name: truth_columns(task.name, task.answer, columns) for task in able}
    if LABEL in columns and (name := label_task(tasks.tasks, columns, labels)):
        found[name] = (LABEL,)
    found = {name: held for name, held in found.items() if held}
    if not found:
        names = ", ".join(task.name for task in able) or "none"
        raise InputError(
            f"--input: no task has labelled images. Give the manifest a column with the name of a "
            f"task (tasks that can be calibrated: {names}; columns: "
            f"{', '.join(columns) or 'none'}), or a folder per label with the labels of one task."
        )
    return found


def label_task(tasks: Iterable[Task], columns: Collection[str], labels: Iterable[str]) -> str:
    """The task that a column `label` with these values is about: which has the most of them.

    It has one label and no column of its own; empty where no task has any of them.
    """
    best = _fitting_best(_without_truth(tasks, columns), labels)
    return best.name if best and _fitting(best, labels) else ""


def unfitting_task(tasks: Iterable[Task], columns: Collection[str]) -> str:
    """The task that is told of labels that no task has: of those it could be, the largest."""
    best = _fitting_best(_without_truth(tasks, columns), ())
    return best.name if best else ""


def old_label_task(
    tasks: Iterable[Task], columns: Collection[str], labels: Iterable[str], of_label: str
) -> str:
    """The task that a column `old_label` with these values is about; it has none of its own.

    It is the one that has the most of them. Old labels may be words that no task has: then they
    belong to the task `of_label`, that of the column `label`, else to the one with most labels.
    """
    free = [task for task in _of_one_label(tasks) if f"old_{task.name}" not in columns]
    best = _fitting_best(free, labels)
    if best is None or _fitting(best, labels):
        return best.name if best else ""
    return of_label if of_label in {task.name for task in free} else best.name


def _without_truth(tasks: Iterable[Task], columns: Collection[str]) -> list[Task]:
    return [t for t in _of_one_label(tasks) if not truth_columns(t.name, t.answer, columns)]


def _of_one_label(tasks: Iterable[Task]) -> list[Task]:
    return [t for t in tasks if can_be_calibrated(t) and not t.audit and t.answer.choices()]


def _fitting(task: Task, labels: Iterable[str]) -> int:
    """How many of these words are labels of a task."""
    return sum(meant(task.answer.choices(), word) is not None for word in {*labels})


def _fitting_best(tasks: Sequence[Task], labels: Iterable[str]) -> Task | None:
    """The task that has most of these labels; of those the one with most labels, then the first."""
    words = {*labels}

    def fit(task: Task) -> tuple[int, int]:
        return _fitting(task, words), len(task.answer.choices())

    return max(tasks, key=fit, default=None)


def truths_of_gates(
    tasks: Tasks, calibrated: Mapping[str, Sequence[str]], columns: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """The columns that hold the truth of other tasks that decide which images reach these."""
    others = (name for name in gates(calibrated, tasks) if name not in calibrated)
    found = {name: truth_columns(name, tasks.task(name).answer, columns) for name in others}
    return {name: held for name, held in found.items() if held}


def can_be_calibrated(task: Task) -> bool:
    """Whether a task looks at single images and at nothing else that was answered."""
    return task.reads == "image" and not task.reads_answers and not task.per


def task_of_folders(labels: Collection[str]) -> str:
    """A tasks file with one task, whose labels these are.

    >>> print(task_of_folders(["dress", "hat"]))
    model: gemini-3.1-flash-lite
    tasks:
      category:
        prompt: Which of these fits this picture best?
        labels: ["dress", "hat"]
    <BLANKLINE>
    """
    listed = json.dumps(sorted(labels), ensure_ascii=False)
    prompt = "Which of these fits this picture best?"
    head = f"model: {_MODEL}\ntasks:\n  {FOLDERS_TASK}:\n"
    return f"{head}    prompt: {prompt}\n    labels: {listed}\n"


def load_task_of_folders(labels: Collection[str], folder: str) -> Tasks:
    """The task of a folder per label.

    Raises:
        InputError: the folders' names cannot be labels.
    """
    if len(labels) < 2:
        are = "is" if len(labels) == 1 else "are"
        raise InputError(
            f"--input={folder}: {counted(len(labels), 'label folder')} {are} there; two or more "
            "are needed. "
            "Make one folder per label, or give --tasks and a manifest with labels."
        )
    return load_tasks(task_of_folders(labels), path=folder)
