"""`tierwise calibrate`: finds out on labelled images which route is good enough for which task."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions
from rich.console import Console

from tierwise.answerer import ServiceKind
from tierwise.beam_pipeline.asked import negotiated_prices, tasks_of
from tierwise.beam_pipeline.flags.calibrate import DEFAULT_MARGIN
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.flags.flag import CALIBRATE
from tierwise.beam_pipeline.given_input import input_of
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.beam_pipeline.runners.reach import check_reachable, check_waits
from tierwise.beam_pipeline.terminal.batch_board import is_under_way, left_lines
from tierwise.beam_pipeline.terminal.calibration_table import print_calibration
from tierwise.beam_pipeline.terminal.money import cap_lines
from tierwise.beam_pipeline.terminal.screen import print_document, say, screen, warn
from tierwise.beam_pipeline.trials.alike import in_groups
from tierwise.beam_pipeline.trials.ask_trials import ask_trials
from tierwise.beam_pipeline.trials.judge_trials import Judge, JudgedTask, Sample, TooFewError
from tierwise.beam_pipeline.trials.labelled import (
    check_enough,
    columns_of,
    labelled_images,
    manifest_of,
    named_with_labels,
    rare_labels,
    sampled,
)
from tierwise.beam_pipeline.trials.observations import TrialResults
from tierwise.beam_pipeline.trials.reaching import that_reach
from tierwise.beam_pipeline.trials.trials import Trials, trials_of
from tierwise.beam_pipeline.writable import writable
from tierwise.calibration.calibration_file import (
    CALIBRATION_FILE,
    FORMAT,
    CalibratedTask,
    Calibration,
    read_calibration,
    write_calibration,
)
from tierwise.calibration.joint_routes import JointRoute, candidates_of, is_all, left_of
from tierwise.calibration.labelling import (
    LABEL,
    LEAST_IMAGES,
    calibrated_tasks,
    load_task_of_folders,
    task_of_folders,
    truths_of_gates,
)
from tierwise.calibration.margins import Margins, read_margins
from tierwise.calibration.order import check_order, order_of
from tierwise.calibration.protection import Protect
from tierwise.errors import InputError
from tierwise.plots.accuracy_plot import accuracy_plot
from tierwise.prices.price_day import price_day
from tierwise.publishing.page_plots import calibration_plot
from tierwise.records import Reason
from tierwise.shown import counted
from tierwise.storage.files import files_for, join
from tierwise.version import VERSION

_MANIFEST = "labelled.jsonl"
_TASKS_FILE = "tasks.yaml"


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Calibrate and return the exit status."""
    options = beam_options(beam_flags, CALIBRATE)
    check_waits(options, CALIBRATE)
    check_reachable(settings, options)
    console, results = Console(stderr=True), screen(json_wanted=settings.json)
    now = datetime.now(UTC)
    margins = read_margins(settings.margin, float(DEFAULT_MARGIN))
    sample = _sample(settings, console, price_day(now))
    output = writable(settings.output)
    judge = _judge(settings, margins, sample, output, console)
    for line in _order_lines(sample, judge):
        say(console, line)
    manifest = join(output, _MANIFEST)
    files_for(output).write(manifest, manifest_of(one.named for one in sample.images))
    asking = _Asking(settings, manifest, options, console)
    run = asking.ask(sample, now)
    if run is None or is_under_way(run):
        return _leave(run, results)
    try:
        chosen = _chosen(judge, sample, output, run)
        if smaller := _left(sample, chosen):
            # What is said now has been looked at, whatever becomes of the rest.
            _write(_calibration(sample, chosen, run, judge), output)
            for one in smaller:
                say(console, _said_of(one))
            sample = replace(sample, trials=sample.trials.with_joint(smaller))
            again = asking.ask(sample, datetime.now(UTC))
            if again is None or is_under_way(again):
                return _leave(again, results)
            run = again
            chosen = _chosen(judge, sample, output, run)
    except TooFewError as error:
        _say_all(itertools.starmap(_too_few, error.results.items()), console)
        _say_all(cap_lines(run), console)
        return int(run["exit_status"]) or 1
    calibration = _calibration(sample, chosen, run, judge)
    document = _write(calibration, output)
    _plot(calibration, output)
    print_calibration(calibration, join(output, CALIBRATION_FILE), results)
    _say_all(cap_lines(run), results)
    if settings.json:
        print_document(json.loads(document))
    return int(run["exit_status"])


def _leave(run: Mapping[str, Any] | None, results: Console) -> int:
    """The exit status of asking that broke off, or is left to batch jobs."""
    if run is None:
        return 1
    _say_all(left_lines(run), results)
    return int(run["exit_status"])


def _write(calibration: Calibration, output: str) -> bytes:
    uri = join(output, CALIBRATION_FILE)
    document = write_calibration(calibration)
    files_for(uri).write(uri, document, durable=True)
    return document


def _judge(
    settings: Settings, margins: Margins, sample: Sample, output: str, console: Console
) -> Judge:
    """Raises InputError for an order of routes that are not tried, and for a file that is none."""
    protect = Protect(settings.protect)
    without = [
        name for name in sample.trials.routes if not sample.tasks.task(name).answer.options()
    ]
    if protect is Protect.EACH_LABEL and without:
        said = f"--protect={protect}: no labels to protect in {', '.join(without)}"
        if len(without) == len(sample.trials.routes):
            raise InputError(f"{said}. Leave it out.")
        warn(console, f"{said}, held to the margin on average")
    order = tuple(one.strip() for one in (settings.order or "").split(",") if one.strip())
    check_order(order, _candidates(sample.trials))
    uri = join(output, CALIBRATION_FILE)
    try:
        earlier = dict(read_calibration(files_for(uri).read(uri), path=uri).looked_at)
    except FileNotFoundError:
        earlier = {}
    except InputError as error:
        raise InputError(
            f"{error} It should say how often these labels were looked at: move it away to "
            "begin anew."
        ) from error
    _check_levels(margins, sample)
    return Judge(
        margins.exact,
        settings.confidence,
        protect,
        order,
        settings.routing == "image",
        earlier,
        margins.levels,
    )


def _check_levels(margins: Margins, sample: Sample) -> None:
    """Refuse margins of levels that no labelled image has; raises InputError."""
    truths = [
        (sample.tasks.task(name).answer, truth)
        for name in sample.trials.routes
        for image in sample.images
        if (truth := image.truths.get(name)) is not None
    ]
    known = {part.name for kind, truth in truths for part in kind.parts(truth, None)}
    for level in margins.levels:
        if level not in known:
            raise InputError(
                f"--margin: no labelled image has a truth with {level!r} in a tree of one label. "
                "Remove it."
            )


def _candidates(trials: Trials) -> dict[str, list[str]]:
    """By task what is tried, as far as it is known before anything is asked."""
    return {
        task: [
            *order_of(routes, (), candidates_of(task, trials.joint).first),
            *(
                f"{cheap}>{dear} if {doubt.name}"
                for doubt in trials.doubts.get(task, ())
                for dear, cheap in itertools.combinations(routes, 2)
            ),
        ]
        for task, routes in trials.routes.items()
    }


def _order_lines(sample: Sample, judge: Judge) -> Iterator[str]:
    for task, routes in sample.trials.routes.items():
        joint = candidates_of(task, sample.trials.joint).first
        costs = sample.trials.costs[task]
        order = order_of(routes, (), joint, judge.order, costs)
        yield (
            f"{task}: held against {next(iter(routes))} in this order: {', '.join(order)}; rules "
            "by the picture or by doubt directly before the route that they ask first"
        )


def _chosen(
    judge: Judge, sample: Sample, output: str, run: Mapping[str, Any]
) -> dict[str, JudgedTask]:
    return judge.judged(sample, output, at=run["ended_at"], emulated=run["emulated"])


@dataclass(frozen=True, slots=True)
class _Asking:
    """How the images are asked."""

    settings: Settings
    manifest: str
    options: PipelineOptions
    console: Console

    def ask(self, sample: Sample, now: datetime) -> dict[str, Any] | None:
        """`run.json` of asking all trials, or None when it broke off, which has been said."""
        questions = sample.trials.questions(sample.tasks)
        return ask_trials(
            questions, self.manifest, self.settings, self.options, self.console, now=now
        )


def _say_all(lines: Iterable[str], console: Console) -> None:
    for line in lines:
        say(console, line)


def _plot(calibration: Calibration, output: str) -> None:
    for name, task in calibration.tasks.items():
        uri = join(output, f"calibration-{name}.png")
        plot = accuracy_plot(name, task.choice, emulated=calibration.emulated)
        files_for(uri).write(uri, plot.png())
        uri = join(output, calibration_plot(name))
        files_for(uri).write(uri, plot.svg().encode())


def _sample(settings: Settings, console: Console, on: date) -> Sample:
    """Raises InputError where there is nothing to calibrate."""
    found = input_of(settings)
    given = tasks_of(settings) if settings.tasks else None
    labelled_names = named_with_labels(found, given)
    names, labels = labelled_names.names, labelled_names.values
    if labelled_names.told:
        say(console, labelled_names.told)
    tasks = given or load_task_of_folders(labels, found.uri)
    columns = calibrated_tasks(tasks, columns_of(names), labels)
    for task, held in columns.items():
        if held == (LABEL,) and settings.tasks:
            say(console, f"{LABEL}: held against the answers of {task}")
    gates = truths_of_gates(tasks, columns, columns_of(names))
    labelled, problems = labelled_images(names, tasks, {**gates, **columns})
    reaching = that_reach(labelled, tasks, columns, problems)
    check_enough(reaching.tasks, reaching.images, problems, reaching.told)
    images = sampled(reaching.images, settings.sample)
    check_enough(reaching.tasks, images, problems, reaching.told)
    for warning in [*reaching.warnings, *problems.told(), *rare_labels(images, tasks)]:
        warn(console, warning)
    images, alike = in_groups(images)
    _say_all(filter(None, [*reaching.told.values(), alike]), console)
    if not settings.tasks:
        uri = join(writable(settings.output), _TASKS_FILE)
        files_for(uri).write(uri, task_of_folders(labels).encode())
    prices = negotiated_prices(settings.prices)
    doubtful = [one.strip() for one in (settings.doubt or "").split(",") if one.strip()]
    trials = trials_of(
        tasks, reaching.tasks, settings.routes, on=on, prices=prices, doubtful=doubtful
    )
    _check_alternatives(settings, trials, console)
    return Sample(tasks, trials.asked_of(images), images, problems)


def _check_alternatives(settings: Settings, trials: Trials, console: Console) -> None:
    """Refuse to pay where no task has two routes to compare, and warn of each that has but one."""
    together = {name for one in trials.joint for name in one.names}
    alone = {
        name: next(iter(routes))
        for name, routes in trials.routes.items()
        if len(routes) == 1 and name not in together
    }
    if not alone:
        return
    tasks = " and ".join(f"task {name!r} is asked at {route}" for name, route in alone.items())
    said = f"--routes={settings.routes}: {tasks} already, so that there is nothing to compare"
    if len(alone) == len(trials.routes):
        raise InputError(
            f"{said}. Name a route that is not the tasks file's, as in "
            "--routes=high,medium,low, or leave it out."
        )
    warn(console, said)


def _left(sample: Sample, chosen: Mapping[str, JudgedTask]) -> list[JointRoute]:
    """The requests that are good enough for some of their tasks, without the others."""
    joint, found = sample.trials.joint, list[JointRoute]()
    for one in joint:
        if any(map(is_all, one.names.values())):
            tried = {task: chosen[task].choice.route(name) for task, name in one.names.items()}
            good = [task for task, route in tried.items() if route.accepted]
            smaller = left_of(sample.tasks, one, good)
            if smaller and smaller.routes not in [other.routes for other in joint]:
                found.append(smaller)
    return found


def _said_of(joint: JointRoute) -> str:
    """Why some tasks are asked in a second round."""
    larger = joint.within or joint
    without = " and ".join(name for name in larger.tasks if name not in joint.tasks)
    name = next(iter(larger.names.values()))
    return (
        f"{name} was not shown to be good enough for {without}. Now asking the others so: "
        f"{' and '.join(joint.tasks)}."
    )


def _calibration(
    sample: Sample, chosen: Mapping[str, JudgedTask], run: Mapping[str, Any], judge: Judge
) -> Calibration:
    calibrated = {}
    for name, one in chosen.items():
        task = sample.tasks.task(name)
        others = {
            other
            for joint in sample.trials.joint
            if name in joint.names
            for other in joint.others(name)
        }
        calibrated[name] = CalibratedTask(
            task.digest,
            one.left_out,
            one.choice.why,
            one.choice,
            task.part_digests,
            {other: sample.tasks.task(other).digest for other in sorted(others)},
            one.unsure_below,
            task.on_refusal,
        )
    service = ServiceKind(run["answerer"]["service"])
    looks = {**judge.earlier, **{name: one.looks for name, one in chosen.items()}}
    return Calibration(
        FORMAT, VERSION, run["emulated"], run["ended_at"], calibrated, service, looks
    )


def _too_few(task: str, observed: TrialResults) -> str:
    """Why no calibration is written, and what to do."""
    reasons = ", ".join(f"{reason} {count}" for reason, count in observed.left_out.items())
    capped = Reason.OVER_BUDGET in observed.left_out
    remedy = "Raise --max_cost_usd" if capped else "Put right what the failures say"
    return (
        f"tierwise: task {task!r}: {counted(len(observed.pages), 'image')} answered at every "
        f"route, at least {LEAST_IMAGES} are needed: {reasons}. No calibration is written. "
        f"{remedy}, and run the same command again: what was paid is not asked again."
    )
