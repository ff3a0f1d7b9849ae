"""What has changed since a calibration, so that its routes may no longer be good enough."""

from __future__ import annotations

from collections.abc import Iterator

from tierwise.calibration.calibration_file import Calibration
from tierwise.models import find_model
from tierwise.tasks import Tasks


def changes_since(calibration: Calibration, tasks: Tasks, *, emulated: bool) -> list[str]:
    """What no longer fits, one sentence each; nothing when the calibration is good for this run.

    Tasks that were not calibrated keep their own routes and are no change. A task that the
    calibration names and the run lacks is none either.
    """
    changes = list(_of_tasks(calibration, tasks))
    if calibration.emulated and not emulated:
        changes.append("the calibration was emulated, so that its accuracies say nothing of Gemini")
    return changes


def _of_tasks(calibration: Calibration, tasks: Tasks) -> Iterator[str]:
    for task in tasks.tasks:
        calibrated = calibration.tasks.get(task.name)
        if calibrated is None:
            continue
        if calibrated.digest != task.digest:
            yield f"task {task.name!r}: its prompt, labels or schema have changed"
        chosen = calibrated.choice.route(calibrated.choice.chosen)
        reference = calibrated.choice.route(calibrated.choice.reference)
        if task.route.model not in (one.route.model for one in calibrated.choice.routes):
            yield (
                f"task {task.name!r}: asks {task.route.model}, which was not among the models "
                f"calibrated ({reference.route.model})"
            )
        expected = find_model(chosen.route.model).version
        answered = chosen.figures.model_versions
        if answered and answered != (expected,):
            yield (
                f"task {task.name!r}: {chosen.route.model} answered as {', '.join(answered)}, "
                f"and is now known as {expected}"
            )
