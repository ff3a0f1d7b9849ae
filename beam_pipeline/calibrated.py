"""`--calibration`: the routes of a calibration file take the place of the tasks file's.

This module stays light: a forecast needs the routes too, and must not wait for Beam.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from tierwise.answers.answer_type import AnswerType
from tierwise.audit import with_audits
from tierwise.beam_pipeline.asked import emulated, tasks_of
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.calibration.calibration_file import Calibration, read_calibration
from tierwise.calibration.composed import Escalated
from tierwise.calibration.staleness import changes_since
from tierwise.errors import InputError, TasksError
from tierwise.gemini.service import ServiceKind
from tierwise.records import Route
from tierwise.storage.files import files_for
from tierwise.tasks import Task, Tasks
from tierwise.tasks.condition_checks import load_condition
from tierwise.tasks.escalation import Escalation
from tierwise.tasks.order import CycleError
from tierwise.tasks.routes import may_stay_unopened

REFUSE, WARN = "refuse", "warn"


def tasks_to_ask(settings: Settings) -> tuple[Tasks, list[str]]:
    """The tasks of the flags by the routes of `--calibration`, audits too, and what to warn of."""
    tasks, warnings = tasks_of(settings), list[str]()
    calibration = calibration_of(settings.calibration)
    if calibration:
        tasks, warnings = with_calibration(
            tasks,
            calibration,
            emulated=emulated(ServiceKind(settings.gemini), settings.gemini_endpoint or ""),
            on_stale=settings.on_stale,
        )
    if settings.routing == "task":
        tasks = tasks.as_they_are()
    today = datetime.now(UTC).date()
    return with_audits(tasks, settings.audit_rate, calibration, today).in_stages(), warnings


def calibration_of(path: str | None) -> Calibration | None:
    """The calibration of `--calibration`, None without.

    Raises:
        InputError: the file cannot be read.
    """
    if not path:
        return None
    try:
        data = files_for(path).read(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"--calibration={path}: cannot be read: {reason}.") from error
    return read_calibration(data, path=path)


def calibrated_versions(path: str | None) -> dict[str, list[str]]:
    """By task, the versions of the model that answered at the route that a calibration chose."""
    calibration = calibration_of(path)
    if calibration is None:
        return {}
    choices = {name: task.choice for name, task in calibration.tasks.items()}
    return {
        name: list(choice.route(choice.chosen).figures.model_versions)
        for name, choice in choices.items()
    }


def with_calibration(
    tasks: Tasks, calibration: Calibration, *, emulated: bool, on_stale: str
) -> tuple[Tasks, list[str]]:
    """The tasks at their calibrated routes, and warnings about what has changed since.

    Args:
        tasks: as the tasks file has them.
        calibration: whose routes to take.
        emulated: whether an emulator will answer.
        on_stale: `refuse`, or `warn` to use a calibration that no longer fits.

    Raises:
        InputError: the calibration no longer fits.
    """
    changes = changes_since(calibration, tasks, emulated=emulated)
    if changes and on_stale == REFUSE:
        raise InputError(
            f"--calibration: {'; '.join(changes)}. Calibrate again (what has not changed is not "
            "paid again), or use it nevertheless with --on_stale=warn."
        )
    routes = calibration.routes
    named = {t.name: _route(t, routes[t.name]) for t in tasks.tasks if t.name in routes}
    if not named:
        changes.append(f"it names none of the tasks asked ({', '.join(routes)})")
    tasks = _with_routings(tasks.with_routes(named), calibration)
    tasks = _with_escalations(tasks, calibration)
    return tasks, [f"--calibration: {change}" for change in changes]


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


def _with_routings(tasks: Tasks, calibration: Calibration) -> Tasks:
    """The rules that were measured take the place of the tasks file's, which may turn one off.

    What is sent by reference is not opened, so that no rule can say anything about it.
    """
    routings = calibration.routings
    return tasks.with_routings(
        {
            task.name: replace(
                routings[task.name],
                fit_pixels=routings[task.name].fit_pixels and task.routing.fit_pixels,
                calibrated=True,
            )
            for task in tasks.tasks
            if task.name in routings and not task.route.image.by_reference
        }
    )


def _route(task: Task, chosen: Route) -> Route:
    """The chosen route; tier and frames stay the task's own, as they were no part of the choice.

    So does sending by reference, where the choice does not ask for pictures that are made smaller.
    """
    own = task.route.image
    unopened = own.by_reference and (chosen.image.by_reference or may_stay_unopened(chosen))
    image = replace(chosen.image, frames=own.frames, by_reference=unopened)
    return replace(chosen, image=image, service_tier=task.route.service_tier)
