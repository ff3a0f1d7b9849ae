"""How long lists of labels will be asked, and what they take of each request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tierwise.answers.answer_type import AnswerType
from tierwise.answers.forms import LABELS_AS_ENUM
from tierwise.questions import Questions
from tierwise.tasks import Task
from tierwise.tiers import text_tokens

_SHOWN = {
    "enum": "as an enum of their names",
    "numbers": "by numbers that the prompt explains",
    "codes": "by short codes that the prompt explains",
}


def label_forms(questions: Questions) -> dict[str, dict[str, Any]]:
    """By task with more labels than the usual few: how they are asked, and in how many tokens."""
    return {task.name: _form(task, questions) for task in questions.with_rows if _is_long(task)}


def label_lines(questions: Questions) -> Iterator[str]:
    """The same for people."""
    for name, told in label_forms(questions).items():
        how = _SHOWN.get(told["form"], told["form"])
        if told["questions"] == 1:
            yield (
                f"{name}: {told['labels']:,} labels are asked {how}, about {told['tokens']:,} "
                "tokens of each request."
            )
        else:
            yield (
                f"{name}: {told['labels']:,} labels of a tree are asked from the top down in two "
                f"questions of about {told['tokens']:,} tokens; one about all would be "
                f"{told['tokens_in_one']:,}."
            )


def _is_long(task: Task) -> bool:
    return not task.audit and (len(task.answer.options()) > LABELS_AS_ENUM or bool(task.cut))


def _form(task: Task, questions: Questions) -> dict[str, Any]:
    whole = task.answer
    told = {"labels": len(whole.options()), "form": whole.forms()[0].name, "questions": 1}
    if not task.cut:
        return told | {"tokens": _tokens(whole)}
    first = questions.task(task.cut_by).answer
    longest = max(map(_tokens, (first, task.narrowed({}).answer)))
    return told | {"questions": 2, "tokens": longest, "tokens_in_one": _tokens(whole)}


def _tokens(answer: AnswerType) -> int:
    """About how many tokens its labels take, in the prompt or in the schema."""
    listed = answer.listed(answer.forms()[0])
    return text_tokens(listed) if listed else sum(map(text_tokens, answer.options()))
