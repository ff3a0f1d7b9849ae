"""What nobody has measured yet of the way that tasks are asked."""

from __future__ import annotations

from collections.abc import Iterator

from tierwise.questions import Questions
from tierwise.tasks import Task


def unmeasured_together(questions: Questions) -> Iterator[str]:
    """A sentence where tasks share requests that no calibration has held against asking apart."""
    asked = [
        task.row_of for look in questions.looks if len(look) > 1 for task in look if _unsure(task)
    ]
    if asked:
        yield (
            f"Asked together with others: {', '.join(dict.fromkeys(asked))}. Whether the answers "
            "are as right as apart is not known before it is measured (tierwise calibrate)."
        )


def _unsure(task: Task) -> bool:
    return not task.trial_of and (task.together is None or not task.routing.calibrated)
