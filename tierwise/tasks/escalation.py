"""That a task is asked again by a dearer route where its first answer is doubtful.

Such a task becomes two when it is asked: the first ask, whose outcome has no row of its own, and
the second, which asks only where the condition holds and has the row in any case.
"""

from __future__ import annotations

from dataclasses import dataclass

from tierwise.records import Answer, Outcome, Route
from tierwise.tasks.conditions import Condition

_FIRST = "@first"


@dataclass(frozen=True, slots=True)
class Escalation:
    """When an image is asked again, and how.

    The condition is over the first answer, under the name of the task, and over other tasks'.
    """

    when: Condition
    route: Route


def first_name(task: str) -> str:
    """The name under which the first ask goes.

    >>> first_name("category")
    'category@first'
    """
    return task + _FIRST


def outcome_of_both(first: Outcome | None, second: Outcome | None) -> Outcome | None:
    """What came of a task that escalates: the second ask where there was one, else the first."""
    if second is None or not isinstance(first, Answer):
        return first
    return second.after(first)
