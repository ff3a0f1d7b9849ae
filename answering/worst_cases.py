"""The most that an image's first requests cost, before it is opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from answering.plan import Plan
from answering.question import open_questions, question
from gemini_api.billing import Billing
from gemini_api.settle import Ask
from tierwise.journal import Recalled
from tierwise.questions import MAX_ANSWER_CHARACTERS
from tierwise.records import ImageFile, Page
from tierwise.tasks import Task
from tierwise.tasks.prompts import used_variables

# As UTF-8.
_FOUR_BYTES = "\U0001d400"


def dearest_request(plan: Plan, on: date) -> int:
    """The most that any one request of a run can cost, whatever its images are called."""
    billing = Billing(plan.service)
    return max(
        (billing.worst_case(asks, on) for task in plan.tasks.of_images for asks in _dearest(task)),
        default=0,
    )


def _dearest(task: Task) -> Iterator[list[Ask]]:
    """A full pack with the longest values, and a single image whose limit was raised."""
    longest = _FOUR_BYTES * MAX_ANSWER_CHARACTERS
    columns = dict.fromkeys(used_variables(task.prompt), longest)
    file = ImageFile(longest, longest, 0, "", columns)
    ask = question(task, file, Page(), dict.fromkeys(task.reads_answers, longest))
    yield [ask] * task.route.images_per_request
    yield [replace(ask, limit_raised=True)]


class WorstCases:
    """What is left to ask of files on one day, each question asked alone. Nano-dollars."""

    def __init__(self, tasks: tuple[Task, ...], billing: Billing, on: date) -> None:
        self._tasks = tasks
        self._billing = billing
        self._on = on
        self._known: dict[tuple[str, int], int] = {}

    def of_file(self, file: ImageFile, recalled: Recalled) -> int:
        """All questions that the journal has no outcome for; 0 when it knows all."""
        return sum(map(self._of_question, open_questions(file, recalled, self._tasks)))

    def _of_question(self, ask: Ask) -> int:
        # Questions of a task differ by their texts alone, and cost by the byte.
        kind = (ask.task.name, len(ask.prompt.whole.encode()))
        if kind not in self._known:
            self._known[kind] = self._billing.worst_case([ask], self._on)
        return self._known[kind]
