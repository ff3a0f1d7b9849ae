"""What has changed since a calibration, so that its routes may no longer be good enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tierwise.answerer import Answerer, ServiceKind
from tierwise.calibration.calibration_file import CalibratedTask, Calibration
from tierwise.calibration.joint_routes import asked_together
from tierwise.models import find_model
from tierwise.records import Route, ServiceTier
from tierwise.tasks import Task, Tasks


def changes_since(calibration: Calibration, tasks: Tasks, *, emulated: bool) -> list[str]:
    """What no longer fits, one sentence each; nothing when the calibration is good for this run.

    Tasks that were not calibrated keep their own routes and are not a change. A task that the
    calibration names and the run lacks is none either.
    """
    changes = list(_of_tasks(calibration, tasks))
    if calibration.emulated and not emulated:
        changes.append("the calibration was emulated, so that its accuracies say nothing of Gemini")
    return changes


def sets_changed(calibration: Calibration, asked: Tasks) -> list[str]:
    """Sets of tasks that were measured in one request and would now be asked otherwise.

    Args:
        calibration: what was measured.
        asked: the tasks as they would be asked with it.
    """
    changes = []
    now = {name: names for names in asked_together(asked.tasks) for name in names}
    digests = {task.name: task.digest for task in asked.tasks}
    for name, others in calibration.together.items():
        if not others or name not in digests:
            continue
        measured = calibration.tasks[name].asked_with
        new = [other for other in others if digests.get(other, "") != measured.get(other)]
        different = [other for other in new if other in digests]
        if different and not {*different} & {*calibration.tasks}:
            changes.append(
                f"task {name!r}: was measured together with {' and '.join(different)}, whose "
                "prompt, labels or schema have changed"
            )
        found = {*now.get(name, ())} - {name}
        if found != {*others}:
            changes.append(
                f"task {name!r}: was measured in one request with {' and '.join(others)}, and "
                f"would now be asked {_with(sorted(found))}"
            )
    return changes


def never_measured_together(calibration: Calibration, asked: Tasks) -> list[str]:
    """What to say of tasks that share requests as their file says, which nobody has measured."""
    told = []
    for names in asked_together(asked.tasks):
        unsure = [name for name in names if name in calibration.tasks]
        unsure = [name for name in unsure if name not in calibration.together]
        if unsure:
            told.append(
                f"{' and '.join(names)} are asked together, as the tasks file says; this "
                "calibration was made without, so that it says nothing of how right "
                f"{' and '.join(unsure)} {'is' if len(unsure) == 1 else 'are'} then. Calibrate "
                "again, or write `together: false`"
            )
    return told


def _with(names: Sequence[str]) -> str:
    return f"with {' and '.join(names)}" if names else "by itself"


def made_elsewhere(calibration: Calibration, answerer: Answerer) -> list[str]:
    """What to say when the other of Google's services was calibrated; it is no reason to stop.

    Both serve the same pinned models, but older ones count a picture's tokens in ways of their own.
    """
    made_at = calibration.service
    if made_at is None or answerer.emulated or made_at in (ServiceKind.EMULATOR, answerer.service):
        return []
    return [
        f"it was made at {Answerer(made_at).told}, and {answerer.told} answers now: the models are "
        "the same, but nobody has measured here what they cost and how often they are right"
    ]


def _of_tasks(calibration: Calibration, tasks: Tasks) -> Iterator[str]:
    for task in tasks.tasks:
        calibrated = calibration.tasks.get(task.name)
        if calibrated is None:
            continue
        if calibrated.digest != task.digest:
            yield f"task {task.name!r}: {_changed(calibrated, task)}"
        chosen = calibrated.choice.route(calibrated.choice.chosen)
        reference = calibrated.choice.route(calibrated.choice.reference)
        if task.route.model not in (one.route.model for one in calibrated.choice.routes):
            yield (
                f"task {task.name!r}: asks {task.route.model}, which was not among the models "
                f"calibrated ({reference.route.model})"
            )
        if chosen.route.top_down and not task.cut:
            yield (
                f"task {task.name!r}: was measured in two questions from the top of its tree down, "
                "and its tasks file allows one"
            )
        digests = {one.name: one.digest for one in tasks.tasks}
        for name, digest in chosen.escalation.signals.items() if chosen.escalation else ():
            if digests.get(name) != digest:
                yield (
                    f"task {task.name!r}: whether it is asked again depends on {name!r}, whose "
                    "prompt, labels or schema have changed"
                )
        if _as_tried(calibrated.on_refusal) != _as_tried(task.on_refusal):
            yield (
                f"task {task.name!r}: its `on_refusal` has changed, and what comes from there was "
                "judged with every route"
            )
        again = chosen.escalation.route if chosen.escalation else None
        routes = [one for one in (chosen.route, again, task.on_refusal) if one]
        models = {route.model: find_model(route.model).version for route in routes}
        answered = set(chosen.figures.model_versions)
        if answered and not answered <= {*models.values()}:
            yield (
                f"task {task.name!r}: {', '.join(models)} answered as "
                f"{', '.join(sorted(answered))}, and is now known as {', '.join(models.values())}"
            )


def _as_tried(route: Route | None) -> Route | None:
    """A route without its tier, which was no part of what was tried."""
    return route and replace(route, service_tier=ServiceTier.STANDARD)


def _changed(calibrated: CalibratedTask, task: Task) -> str:
    """Which part of a question has changed, where the file says enough to tell."""
    before = calibrated.part_digests
    parts = [part for part, digest in task.part_digests.items() if before.get(part) != digest]
    if not before or "format" in parts:
        return "its prompt, labels or schema have changed"
    answer = "labels" if task.answer.options() else "schema or text"
    names = [answer if part == "answer" else part for part in parts]
    plural = len(names) > 1 or names[0] in ("labels", "variables")
    return f"its {' and '.join(names)} {'have' if plural else 'has'} changed"
