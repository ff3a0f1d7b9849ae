"""The most that requests cost, before an image is opened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from tierwise.answering.groups import Group
from tierwise.answering.known_group import (
    group_prompt,
    known_images,
    required_grouping,
    sends_nothing,
    was_cut_off,
)
from tierwise.answering.plan import Plan
from tierwise.answering.question import open_questions, question
from tierwise.gemini.billing import Billing
from tierwise.gemini.settle import Ask
from tierwise.journal.recalled import Recalled
from tierwise.questions import Questions
from tierwise.records import ImageFile, MediaResolution, Page
from tierwise.routing import Decision
from tierwise.tasks import Task
from tierwise.tasks.prompts import used_variables
from tierwise.wording import MAX_ANSWER_CHARACTERS

# As UTF-8.
_FOUR_BYTES = "\U0001d400"

# Alone, an image is asked, once more with a raised limit, and once more after an invalid answer.
_TIMES_ALONE = 3


def dearest_request(plan: Plan, on: date) -> int:
    """The most that any one request of a run can cost, whatever its images are called."""
    billing = Billing(plan.service)
    return max(
        (billing.at_most(asks, on) for task in plan.questions.tasks for asks in _dearest(task)),
        default=0,
    )


def _dearest(task: Task) -> Iterator[list[Ask]]:
    """A full pack with the longest values, and one whose limit was raised: an image or a group."""
    ask = _longest(task)
    for form in task.answer.forms():
        checked = replace(ask, form=replace(form, checked=True))
        yield [checked] * task.route.images_per_request
    yield [replace(ask, limit_raised=True)] * (task.per.most if task.per else 1)


def worst_question(task: Task, billing: Billing, on: date) -> int:
    """Nano-dollars of a question, or of a group's, whose every reply is paid, long and useless.

    Its pack is halved until it stands alone. Requests whose fate is unknown would come on top; they
    are accounted apart.
    """
    ask = _longest(task)
    raised = replace(ask, limit_raised=True)
    if task.per:
        return _TIMES_ALONE * billing.worst_case([raised] * task.per.most, on)
    pack, cost = task.route.images_per_request, 0
    while pack > 1:
        cost += -(-billing.worst_case([ask] * pack, on) // pack)
        pack = (pack + 1) // 2
    return cost + _TIMES_ALONE * billing.worst_case([raised], on)


def _longest(task: Task) -> Ask:
    """A question with the longest values that its prompt can have, checked where it is packed."""
    longest = _FOUR_BYTES * MAX_ANSWER_CHARACTERS
    columns = dict.fromkeys(used_variables(task.prompt), longest)
    file = ImageFile(longest, longest, 0, "", columns)
    ask = question(task, file, Page(), dict.fromkeys(task.reads_answers, longest))
    return replace(_at_dearest(ask), form=replace(task.answer.forms()[0], checked=True))


def _at_dearest(ask: Ask) -> Ask:
    """The same question by the dearest route that the picture may turn out to take."""
    return replace(ask, decision=Decision(ask.task.dearest_route, ask.route_reason))


class WorstCases:
    """What is left to ask on one day, each image asked alone, each group once. Nano-dollars."""

    def __init__(self, questions: Questions, billing: Billing, on: date) -> None:
        self._questions = questions
        self._billing = billing
        self._on = on
        self._known: dict[tuple[str, MediaResolution, int, bool], int] = {}

    def of_file(self, file: ImageFile, recalled: Recalled) -> int:
        """All questions that the journal has no outcome for; 0 when it knows all."""
        return sum(map(self._of_question, open_questions(file, recalled, self._questions)))

    def of_tasks(self, file: ImageFile, tasks: Iterable[Task]) -> int:
        """Some tasks put to the first page of a file that was not opened."""
        return sum(self._of_question(question(task, file, Page(), {})) for task in tasks)

    def of_group_of(self, task: Task, files: int) -> int:
        """The question of a group of so many files, at most as many as may be sent."""
        ask = Ask("", "", task, Page(), group_prompt(Group(task.name, "", ()), task))
        return self._billing.at_most([ask] * min(files, required_grouping(task).most), self._on)

    def of_group(self, group: Group, recalled: Recalled) -> int:
        """The group's question; 0 when the journal has its answer, or it is not to be asked."""
        task = self._questions.task(group.task)
        if not group.files or sends_nothing(group, task) or known_images(group, task, recalled):
            return 0
        ask = Ask("", group.content_hash, task, Page(), group_prompt(group, task))
        ask = replace(ask, limit_raised=was_cut_off(group, task, recalled))
        return self._billing.at_most([ask] * len(group.files), self._on)

    def _of_question(self, ask: Ask) -> int:
        if not ask.task.knows_enough(ask.page):
            ask = _at_dearest(ask)
        # Questions of a task differ by their texts and routes alone, and cost by the byte.
        texts = len(ask.prompt.whole.encode())
        kind = (ask.task.name, ask.route.media_resolution, texts, ask.limit_raised)
        if kind not in self._known:
            self._known[kind] = self._billing.at_most([ask], self._on)
        return self._known[kind]
