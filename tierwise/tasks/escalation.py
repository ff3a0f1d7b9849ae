"""That a task is asked again by a dearer route where its first answer is doubtful.

`tierwise.tasks.stages` says what asks such a task becomes.
"""

from __future__ import annotations

from dataclasses import dataclass

from tierwise.records import Route
from tierwise.tasks.conditions import Condition


@dataclass(frozen=True, slots=True)
class Escalation:
    """When an image is asked again, and how.

    The condition is over the first answer, under the name of the task, and over other tasks'.
    """

    when: Condition
    route: Route
