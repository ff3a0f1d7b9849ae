"""How tasks look at pictures: which share a request, and what nobody has measured of that."""

from __future__ import annotations

from collections.abc import Iterator

from tierwise.questions import Questions
from tierwise.tasks import Task


def looks_lines(questions: Questions) -> Iterator[str]:
    """A sentence where tasks share requests that no calibration has held against asking apart.

    And one where first questions look alone, for each of which a picture is paid once more.
    """
    asked = [
        task.row_of for look in questions.looks if len(look) > 1 for task in look if _unsure(task)
    ]
    if asked:
        yield (
            f"Asked together with others: {', '.join(dict.fromkeys(asked))}. Whether the answers "
            "are as right as apart is not known before it is measured (tierwise calibrate)."
        )
    alone = [task.row_of for task in questions.of_images if _looks_alone(task)]
    if alone and (asked or len(alone) > 1):
        yield (
            f"Asked alone, each at the price of one more picture: {', '.join(alone)} "
            "(`together`, another model or picture, or a calibration that says so)."
        )


def _looks_alone(task: Task) -> bool:
    """Whether a first question about each picture shares no request."""
    first = task.reads == "image" and not (task.depends_on or task.audit or task.trial_of)
    return first and not task.look


def _unsure(task: Task) -> bool:
    return not task.trial_of and (task.together is None or not task.routing.calibrated)
