"""The most that requests cost, before an image is opened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain

from tierwise.answering.groups import Group
from tierwise.answering.known_group import (
    group_prompt,
    known_images,
    required_grouping,
    sends_nothing,
    was_cut_off,
)
from tierwise.answering.open_questions import open_questions
from tierwise.answering.plan import Plan
from tierwise.answering.question import question
from tierwise.answers.forms import Form
from tierwise.answers.joint import FORMS
from tierwise.gemini.billing import Billing
from tierwise.gemini.settle import Ask
from tierwise.journal.recalled import Recalled
from tierwise.looks import pack_size, unpacked
from tierwise.questions import Questions
from tierwise.records import AS_TASK, ImageFile, Page, Route
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
    requests = (asks for task in plan.questions.tasks for asks in _dearest(task))
    joint = (asks for look in plan.questions.looks for asks in _dearest_joint(look))
    return max((billing.at_most(asks, on) for asks in chain(requests, joint)), default=0)


def _dearest(task: Task) -> Iterator[list[Ask]]:
    """A full pack with the longest values, and one whose limit was raised: an image or a group."""
    ask = _longest(task)
    for form in task.answer.forms():
        checked = replace(ask, form=replace(form, checked=True))
        yield _images(task.route.images_per_request, checked)
    yield _images(task.per.most if task.per else 1, replace(ask, limit_raised=True))


def _dearest_joint(look: Sequence[Task]) -> Iterator[list[Ask]]:
    """Full packs that ask the questions of a look; nothing where there is but one.

    Of some that are left, a request may carry more images than of all.
    """
    for images in {task.route.images_per_request for task in look}:
        some = [task for task in look if task.route.images_per_request >= images]
        if len(some) > 1:
            for route in dict.fromkeys(task.dearest_route for task in some):
                for form in FORMS:
                    yield _images(images, *_longest_joint(some, route, form))


def worst_question(task: Task, look: Sequence[Task], billing: Billing, on: date) -> int:
    """Nano-dollars of a question, or of a group's, whose every reply is paid, long and useless.

    Its pack is halved until it stands alone. Where it may share requests with others of a `look`,
    its part of one is largest with one of them, the longest. Requests whose fate is unknown would
    come on top; they are accounted apart.
    """
    ask = _longest(task)
    raised = replace(ask, limit_raised=True)
    if task.per:
        return _TIMES_ALONE * billing.worst_case(_images(task.per.most, raised), on)
    pairs = [
        _longest_joint((task, other), task.dearest_route, form)
        for other in look
        for form in FORMS
        if other != task
    ]
    shared = max((_halved(pair, billing, on, least=1) for pair in pairs), default=0)
    alone = _halved([ask], billing, on, least=2)
    return max(shared, alone) + _TIMES_ALONE * billing.worst_case([raised], on)


def _halved(questions: Sequence[Ask], billing: Billing, on: date, *, least: int) -> int:
    """A question's part of a full pack, and of all its halves of at least so many images."""
    images, cost = pack_size([ask.route for ask in questions]), 0
    while images >= least:
        worst = billing.worst_case(_images(images, *questions), on)
        cost += -(-worst // (images * len(questions)))
        images = (images + 1) // 2 if images > 1 else 0
    return cost


def _images(number: int, *questions: Ask) -> list[Ask]:
    """The same questions about so many images."""
    images = range(number)
    return [replace(ask, content_hash=str(image)) for image in images for ask in questions]


def _longest_joint(look: Sequence[Task], route: Route, form: Form) -> list[Ask]:
    """Questions with the longest values, by one route."""
    decision = Decision(route, AS_TASK)
    return [replace(_longest(task), decision=decision, form=form) for task in look]


def _longest(task: Task) -> Ask:
    """A question with the longest values that its prompt can have, checked where it is packed."""
    longest = _FOUR_BYTES * MAX_ANSWER_CHARACTERS
    columns = dict.fromkeys(used_variables(task.prompt), longest)
    file = ImageFile(longest, longest, 0, "", columns)
    largest = replace(task, sizes=None)  # as long as nobody asks for less, it is the largest
    ask = question(largest, file, Page(), dict.fromkeys(task.reads_answers, longest))
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
        self._known: dict[object, int] = {}

    def of_file(self, file: ImageFile, recalled: Recalled) -> int:
        """All questions that the journal has no outcome for; 0 when it knows all."""
        asked = list(open_questions(file, recalled, self._questions))
        return self._of_questions(asked)

    def of_tasks(self, file: ImageFile, tasks: Iterable[Task]) -> int:
        """Some tasks put to the first page of a file that was not opened."""
        return self._of_questions([question(task, file, Page(), {}) for task in tasks])

    def of_group_of(self, task: Task, files: int) -> int:
        """The question of a group of so many files, at most as many as may be sent."""
        ask = Ask("", "", task, Page(), group_prompt(Group(task.name, "", ()), task))
        return self._billing.at_most(
            _images(min(files, required_grouping(task).most), ask), self._on
        )

    def of_group(self, group: Group, recalled: Recalled) -> int:
        """The group's question; 0 when the journal has its answer, or it is not to be asked."""
        task = self._questions.task(group.task)
        if not group.files or sends_nothing(group, task) or known_images(group, task, recalled):
            return 0
        ask = Ask("", group.content_hash, task, Page(), group_prompt(group, task))
        ask = replace(ask, limit_raised=was_cut_off(group, task, recalled))
        return self._billing.at_most(_images(len(group.files), ask), self._on)

    def _of_questions(self, asks: Iterable[Ask]) -> int:
        """Those about one file, in the requests that it takes to ask each page by itself."""
        requests: dict[object, list[Ask]] = {}
        for ask in asks:
            known = ask if ask.task.knows_enough(ask.page) else _at_dearest(ask)
            alone = ask.task.name if ask.limit_raised or not ask.task.look else ask.task.look
            kind = ask.page.number, unpacked(known.route), alone
            requests.setdefault(kind, []).append(known)
        return sum(map(self._of_request, requests.values()))

    def _of_request(self, asks: Sequence[Ask]) -> int:
        # Questions of a task differ by their texts and routes alone, and cost by the byte.
        texts = tuple(
            (len(ask.prompt.whole.encode()), len(ask.prompt.own.encode())) for ask in asks
        )
        names = tuple(ask.task.name for ask in asks)
        kind = (names, asks[0].route.media_resolution, texts, asks[0].limit_raised)
        if kind not in self._known:
            self._known[kind] = self._billing.at_most(asks, self._on)
        return self._known[kind]
