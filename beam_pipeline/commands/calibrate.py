"""`tierwise calibrate`: finds out on labelled images which route is good enough for which task."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console

from beam_pipeline.ask_trials import ask_trials
from beam_pipeline.asked import negotiated_prices, tasks_of
from beam_pipeline.beam_options import beam_options
from beam_pipeline.calibration_table import print_calibration
from beam_pipeline.command_line import Settings
from beam_pipeline.flags.flag import CALIBRATE
from beam_pipeline.labelled import (
    LabelledImage,
    columns_of,
    label_values,
    labelled_images,
    manifest_of,
    named_with_labels,
    rare_labels,
    sampled,
)
from beam_pipeline.launch import writable
from beam_pipeline.observations import Left
from beam_pipeline.reach import check_reachable, check_waits
from beam_pipeline.screen import print_document, screen, warn
from beam_pipeline.trials import Trials, trials_of
from beam_pipeline.version import VERSION
from storage.files import files_for, join
from storage.listing import find_input
from tierwise.calibration.adaptations import adaptations, literal_routings
from tierwise.calibration.calibration_file import (
    FORMAT,
    CalibratedTask,
    Calibration,
    write_calibration,
)
from tierwise.calibration.cascades import cascades
from tierwise.calibration.choice import choose
from tierwise.calibration.composed import Composed, Observed
from tierwise.calibration.labelling import (
    calibrated_tasks,
    load_task_of_folders,
    task_of_folders,
)
from tierwise.calibration.routes import route_name
from tierwise.plots.accuracy_plot import accuracy_plot
from tierwise.routing import AS_IT_IS
from tierwise.tasks import Task, Tasks
from transforms.page_plots import calibration_plot

CALIBRATION_FILE = "calibration.json"
_MANIFEST = "labelled.jsonl"
_TASKS_FILE = "tasks.yaml"


@dataclass(frozen=True, slots=True)
class _Sample:
    """What to calibrate with which images."""

    tasks: Tasks
    trials: Trials
    images: Sequence[LabelledImage]


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Calibrate and return the exit status."""
    options = beam_options(beam_flags, CALIBRATE)
    check_waits(options, CALIBRATE)
    check_reachable(settings, options)
    console, results = Console(stderr=True), screen(json_wanted=settings.json)
    sample = _sample(settings, console)
    output = writable(settings.output)
    manifest = join(output, _MANIFEST)
    files_for(output).write(manifest, manifest_of(one.named for one in sample.images))
    tasks = sample.trials.tasks(sample.tasks)
    run = ask_trials(tasks, manifest, settings, options, console)
    if run is None:
        return 1
    calibration = _calibration(settings, sample, output, emulated=run["emulated"])
    if calibration is None:
        return int(run["exit_status"]) or 1
    uri = join(output, CALIBRATION_FILE)
    document = write_calibration(calibration)
    files_for(uri).write(uri, document, durable=True)
    _plot(calibration, output)
    print_calibration(calibration, uri, results)
    if settings.json:
        print_document(json.loads(document))
    return int(run["exit_status"])


def _plot(calibration: Calibration, output: str) -> None:
    for name, task in calibration.tasks.items():
        uri = join(output, f"calibration-{name}.png")
        plot = accuracy_plot(name, task.choice, emulated=calibration.emulated)
        files_for(uri).write(uri, plot.png())
        uri = join(output, calibration_plot(name))
        files_for(uri).write(uri, plot.svg().encode())


def _sample(settings: Settings, console: Console) -> _Sample:
    """Raises InputError where there is nothing to calibrate."""
    found = find_input(settings.input, excluded=settings.output)
    names = named_with_labels(found)
    labels = label_values(names)
    tasks = tasks_of(settings) if settings.tasks else load_task_of_folders(labels, found.uri)
    columns = calibrated_tasks(tasks, columns_of(names), labels)
    images, problems = labelled_images(names, tasks, columns)
    images = sampled(images, settings.sample)
    for warning in [*problems.told(), *rare_labels(images, tasks)]:
        warn(console, warning)
    if not settings.tasks:
        uri = join(writable(settings.output), _TASKS_FILE)
        files_for(uri).write(uri, task_of_folders(labels).encode())
    prices = negotiated_prices(settings.prices)
    doubtful = [one.strip() for one in (settings.doubt or "").split(",") if one.strip()]
    today = datetime.now(UTC).date()
    trials = trials_of(tasks, columns, settings.routes, on=today, prices=prices, doubtful=doubtful)
    return _Sample(tasks, trials, images)


def _calibration(
    settings: Settings, sample: _Sample, output: str, *, emulated: bool
) -> Calibration | None:
    """None when some task has nothing to be judged by, which is then printed."""
    left, adapts = Left(output), settings.routing == "image"
    calibrated = {}
    for name, routes in sample.trials.routes.items():
        task = sample.tasks.task(name)
        doubts = sample.trials.doubts.get(name, ())
        signals = {one.observed for doubt in doubts for one in doubt.signals.values()}
        observed = left.observed(name, routes, sample.images, sorted(signals))
        if not next(iter(observed.by_route.values())):
            reasons = ", ".join(f"{reason} {n}" for reason, n in observed.left_out.items())
            print(
                f"tierwise: task {name!r}: no image was answered at every route: {reasons}. Put "
                "right what the failures say, and run the same command again: what was paid is "
                "not asked again.",
                file=sys.stderr,
            )
            return None
        rules = task.routing if adapts else AS_IT_IS
        choice = choose(
            task.answer,
            routes,
            observed.by_route,
            margin=settings.margin,
            confidence=settings.confidence,
            composed=[
                *(adaptations(routes, observed.pages, rules) if adapts else ()),
                *_cascades(sample.trials, task, observed.by_route),
            ],
            routings=literal_routings(routes, observed.pages, rules),
        )
        calibrated[name] = CalibratedTask(task.digest, observed.left_out, choice.why, choice)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Calibration(FORMAT, VERSION, emulated, now, calibrated)


def _cascades(trials: Trials, task: Task, observed: Observed) -> list[Composed]:
    """The cascades of a task: up to the reference, or as its file says."""
    routes = trials.routes[task.name]
    dear = [next(iter(routes))]
    if task.escalation:
        dear.append(route_name(task.escalation.route, task.route))
    doubts = trials.doubts.get(task.name, ())
    return list(cascades(task.name, routes, list(dict.fromkeys(dear)), doubts, observed))
