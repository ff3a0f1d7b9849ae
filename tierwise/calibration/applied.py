"""A calibration takes the place of the tasks file: its routes, rules and second stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tierwise.answerer import Answerer
from tierwise.answers.answer_type import AnswerType
from tierwise.calibration.calibration_file import Calibration
from tierwise.calibration.composed import Escalated
from tierwise.calibration.staleness import (
    changes_since,
    made_elsewhere,
    never_measured_together,
    sets_changed,
)
from tierwise.errors import InputError, TasksError
from tierwise.records import Route
from tierwise.routing import AS_IT_IS
from tierwise.tasks import Task, Tasks
from tierwise.tasks.condition_checks import load_condition
from tierwise.tasks.escalation import Escalation
from tierwise.tasks.order import CycleError
from tierwise.tasks.routes import may_stay_unopened

REFUSE, WARN = "refuse", "warn"


def with_calibration(
    tasks: Tasks, calibration: Calibration, *, answerer: Answerer, on_stale: str
) -> tuple[Tasks, list[str]]:
    """The tasks at their calibrated routes, and warnings about what has changed since.

    Args:
        tasks: as the tasks file has them.
        calibration: whose routes to take.
        answerer: who will answer.
        on_stale: `refuse`, or `warn` to use a calibration that no longer fits.

    Raises:
        InputError: the calibration no longer fits.
    """
    changes = changes_since(calibration, tasks, emulated=answerer.emulated)
    routes = calibration.routes
    named = {t.name: _route(t, routes[t.name]) for t in tasks.tasks if t.name in routes}
    asked = _with_routings(tasks.with_routes(named), calibration)
    asked = _with_escalations(_with_together(asked, calibration), calibration)
    asked = _with_confidence(asked, calibration)
    changes += sets_changed(calibration, asked)
    if changes and on_stale == REFUSE:
        raise InputError(
            f"--calibration: {'; '.join(changes)}. Calibrate again (what has not changed is not "
            "paid again), or use it nevertheless with --on_stale=warn."
        )
    if not named:
        changes.append(f"it names none of the tasks asked ({', '.join(routes)})")
    changes += never_measured_together(calibration, asked)
    changes += made_elsewhere(calibration, answerer)
    return asked, [f"--calibration: {change}" for change in changes]


def _with_escalations(tasks: Tasks, calibration: Calibration) -> Tasks:
    """The tasks that were calibrated escalate as was chosen, or no more.

    Raises:
        InputError: a condition of the calibration does not fit the tasks.
    """
    answers = {task.name: task.answer for task in tasks.tasks}
    found: dict[str, Escalation | None] = {}
    for task in tasks.tasks:
        if calibrated := calibration.tasks.get(task.name):
            chosen = calibrated.choice.route(calibrated.choice.chosen).escalation
            found[task.name] = _escalation(task, chosen, answers) if chosen else None
    try:
        return tasks.with_escalations(found)
    except CycleError as error:
        raise InputError(f"--calibration: tasks would wait for each other: {error}.") from error


def _escalation(task: Task, chosen: Escalated, answers: Mapping[str, AnswerType]) -> Escalation:
    try:
        return Escalation(load_condition(chosen.when, answers), _route(task, chosen.route))
    except TasksError as error:
        raise InputError(
            f"--calibration: {task.name} is to be asked again when {chosen.when}, which does not "
            f"fit the tasks file: {error} Calibrate again."
        ) from error


def _with_confidence(tasks: Tasks, calibration: Calibration) -> Tasks:
    """Those of which it was found out below which confidence answers are wrong more often."""
    found = {name: one.unsure_below for name, one in calibration.tasks.items()}
    return replace(
        tasks,
        tasks=tuple(replace(one, unsure_below=found.get(one.name)) for one in tasks.tasks),
    )


def _with_together(tasks: Tasks, calibration: Calibration) -> Tasks:
    """Those that were calibrated asked in the very sets that were measured, or apart.

    Tasks of these sets that had no labels are asked in them as they were then: always, and whatever
    the picture.
    """
    sets = {(name, *others) for name, others in calibration.together.items() if others}
    looking_on = {
        name: tuple(sorted({*one} - {name}))
        for one in sets
        for name in one
        if name not in calibration.tasks
    }
    tasks = tasks.with_together({**looking_on, **calibration.together})
    return tasks.with_routings(dict.fromkeys(looking_on, replace(AS_IT_IS, calibrated=True)))


def _with_routings(tasks: Tasks, calibration: Calibration) -> Tasks:
    """The rules that were measured take the place of the tasks file's, which may turn one off.

    What is sent by reference is not opened, so that no rule can say anything about it.
    """
    routings = calibration.routings
    return tasks.with_routings(
        {
            task.name: replace(
                routings[task.name],
                fit_pixels=routings[task.name].fit_pixels and task.routing.may_fit,
                fit_written=task.routing.fit_written,
                calibrated=True,
            )
            for task in tasks.tasks
            if task.name in routings and not task.route.image.by_reference
        }
    )


def _route(task: Task, chosen: Route) -> Route:
    """The chosen route; tier and frames stay the task's own, as they were not part of the choice.

    So does sending by reference, where the choice does not ask for pictures that are made smaller.
    """
    own = task.route.image
    unopened = own.by_reference and (chosen.image.by_reference or may_stay_unopened(chosen))
    image = replace(chosen.image, frames=own.frames, by_reference=unopened)
    return replace(chosen, image=image, service_tier=task.route.service_tier)
