"""The most that one question can cost when everything goes wrong that the rules of asking allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from gemini_api.billing import Billing
from gemini_api.settle import Ask
from tierwise.questions import MAX_ANSWER_CHARACTERS, MAX_VALUE_CHARACTERS, render
from tierwise.records import Page
from tierwise.tasks import Task

# Alone, an image is asked, once more with a raised limit, and once more after an invalid answer.
_TIMES_ALONE = 3
# Four bytes of UTF-8, as many as there can be.
_DEAREST_CHARACTER = "\U0001f5bc"


def worst_question(billing: Billing, task: Task, columns: Mapping[str, object], on: date) -> int:
    """Nano-dollars of a question whose every reply is paid, as long as it may be, and useless.

    Its pack is halved until it stands alone. Requests whose fate is unknown would come on top; they
    are accounted apart.
    """
    longest = _DEAREST_CHARACTER * MAX_VALUE_CHARACTERS
    names = [*columns, *([task.per.by] if task.per else [])]
    prompt = render(
        task,
        filename=longest,
        columns=dict.fromkeys(names, longest),
        answers=dict.fromkeys(task.depends_on, _DEAREST_CHARACTER * MAX_ANSWER_CHARACTERS),
    )
    alone = Ask("", "", task, Page(), prompt)
    if task.per:
        group = [replace(alone, limit_raised=True)] * task.per.most
        return _TIMES_ALONE * billing.worst_case(group, on)
    pack, cost = task.route.images_per_request, 0
    while pack > 1:
        cost += -(-billing.worst_case([alone] * pack, on) // pack)
        pack = (pack + 1) // 2
    return cost + _TIMES_ALONE * billing.worst_case([replace(alone, limit_raised=True)], on)
