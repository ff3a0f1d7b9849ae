"""Which tasks a local model may answer, and why others are asked all the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tierwise.answers.labels import OneLabel, SeveralLabels
from tierwise.tasks.prompts import used_variables
from tierwise.tasks.task import Task


def why_asked(task: Task, others: Iterable[Task]) -> str:
    """Why a task as it was written cannot be answered locally; empty where it can.

    A local model sees the picture and nothing else, and gives labels that it has seen. What other
    tasks of the file need is asked, so that the exam and the rest are asked alike.
    """
    words = [name for name in used_variables(task.prompt) if name not in task.variables]
    doubts = [name for name in _tasks_of_doubt(task) if name != task.name]
    needing = [one.name for one in others if one.name != task.name and task.name in one.needs]
    reasons = {
        "it does not answer with labels": not isinstance(task.answer, OneLabel | SeveralLabels),
        "it asks about groups of pictures": task.per,
        "it reads no picture": task.reads != "image",
        f"it depends on {_named(task.depends_on)}": task.depends_on,
        f"its prompt uses {{{', '.join(words)}}}, which the picture does not tell": words,
        f"its `escalate` depends on {_named(doubts)}": doubts,
        f"{_named(needing)} depends on it": needing,
        "its pictures are sent by reference, and not opened": task.route.image.by_reference,
        "its pictures share contact sheets": task.route.images_per_sheet > 1,
        "its tree is asked in two questions": task.route.top_down,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _tasks_of_doubt(task: Task) -> tuple[str, ...]:
    return task.escalation.when.tasks if task.escalation else ()


def _named(names: Sequence[str]) -> str:
    return " and ".join(map(repr, names))
