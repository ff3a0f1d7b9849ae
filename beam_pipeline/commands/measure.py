"""`tierwise measure`: asks a sample in several ways, and reads the tokens back that were billed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions
from pydantic import TypeAdapter
from rich.console import Console

from tierwise.answerer import ServiceKind
from tierwise.beam_pipeline.asked import tasks_of
from tierwise.beam_pipeline.flags.command_line import Settings
from tierwise.beam_pipeline.flags.flag import MEASURE
from tierwise.beam_pipeline.given_input import input_of
from tierwise.beam_pipeline.runners.beam_options import beam_options
from tierwise.beam_pipeline.runners.reach import check_reachable, check_waits
from tierwise.beam_pipeline.terminal.forecast_tables import most
from tierwise.beam_pipeline.terminal.measurement_table import (
    measurement_parquet,
    print_looks,
    print_measurement,
)
from tierwise.beam_pipeline.terminal.money import cap_lines
from tierwise.beam_pipeline.terminal.screen import print_document, say, screen
from tierwise.beam_pipeline.trials.ask_trials import ask_trials
from tierwise.beam_pipeline.trials.labelled import manifest_of
from tierwise.beam_pipeline.trials.observations import Left
from tierwise.beam_pipeline.trials.trial_names import trial_name
from tierwise.beam_pipeline.trials.trials import Trials
from tierwise.beam_pipeline.writable import writable
from tierwise.calibration.joint_routes import JointRoute, shared_route
from tierwise.calibration.labelling import can_be_calibrated
from tierwise.calibration.routes import route_name
from tierwise.errors import InputError, StoreError
from tierwise.images.limits import Limits
from tierwise.measurement import (
    Measured,
    MeasuredRoute,
    Variation,
    measured_looks,
    measured_route,
    variations,
    without_answer,
)
from tierwise.plots.tokens_plot import tokens_plot
from tierwise.publishing.page_plots import MEASUREMENT_PLOT
from tierwise.records import Reason, Route, ServiceTier
from tierwise.storage.files import files_for, join
from tierwise.storage.listing import Named
from tierwise.storage.sampled_names import sampled_names
from tierwise.surveying.stratified import stratified
from tierwise.tasks import Task, Tasks
from tierwise.version import VERSION

_SAMPLE = 24
_MANIFEST = "sample.jsonl"
_TABLE, _TOTALS, _PLOT = "measurement.parquet", "measurement.json", "measurement.png"
_ANY = TypeAdapter(dict[str, Any])


@dataclass(frozen=True, slots=True)
class _AtRoute:
    """Images that were answered, those that were not and why, and figures if any was."""

    name: str
    images: Sequence[Measured]
    unanswered: Mapping[tuple[str, int], str]
    figures: MeasuredRoute | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the sample is asked, and at which routes; `suffix` tells their names apart.

    `look` are the tasks that would share a request with the one that is measured: they are asked
    together and apart.
    """

    settings: Settings
    output: str
    varied: Mapping[str, Variation]
    suffix: str = ""
    look: JointRoute | None = None

    def ask(
        self, task: Task, manifest: str, options: PipelineOptions, now: datetime
    ) -> dict[str, Any] | None:
        """`run.json`, or None when the run broke off."""
        routes = {name: one.route for name, one in self.varied.items()}
        tasks, look = tasks_of(self.settings), self.look
        apart = look.routes if look else {}
        others = {name: {_own_name(tasks, name, one): one} for name, one in apart.items()}
        trials = Trials({**others, task.name: routes}, joint=[look] if look else ())
        asked = trials.questions(tasks)
        return ask_trials(asked, manifest, self.settings, options, Console(stderr=True), now=now)

    def looks(self) -> dict[str, dict[str, Sequence[Measured]]]:
        """What came of asking apart and together, by way and trial."""
        if self.look is None:
            return {}
        left, tasks = Left(self.output), tasks_of(self.settings)
        routes = self.look.routes.items()
        apart = [trial_name(task, _own_name(tasks, task, route)) for task, route in routes]
        together = [trial_name(task, name) for task, name in self.look.names.items()]
        ways = {"apart": apart, "together": together}
        return {way: {name: left.measured(name) for name in names} for way, names in ways.items()}

    def measured(self, task: str) -> Iterator[_AtRoute]:
        """What came of each route."""
        left, vertex = Left(self.output), ServiceKind(self.settings.gemini) is ServiceKind.VERTEX
        for route, variation in self.varied.items():
            name, trial = f"{route}{self.suffix}", trial_name(task, route)
            images, unanswered = left.measured(trial), left.unanswered(trial)
            figures = measured_route(name, variation, images, len(unanswered), vertex=vertex)
            yield _AtRoute(name, images, unanswered, figures)


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Measure and return the exit status."""
    options = beam_options(beam_flags, MEASURE)
    check_waits(options, MEASURE)
    check_reachable(settings, options)
    tasks = tasks_of(settings)
    task = _task(tasks)
    _check_tier(task)
    models = [name.strip() for name in (settings.models or "").split(",") if name.strip()]
    varied = variations(task.route, models)
    _check_also(settings)
    output, manifest = _sample(settings)
    here = _Place(settings, output, varied, look=_look(tasks, task))
    if (run := here.ask(task, manifest, options, datetime.now(UTC))) is None:
        return 1
    places, runs = [here], [run]
    if settings.also:
        there = _elsewhere(here, left_usd=run["cap"]["left_usd"])
        if (other := there.ask(task, manifest, options, datetime.now(UTC))) is None:
            return 1
        places, runs = [here, there], [run, other]
    console = screen(json_wanted=settings.json)
    if not_asked := [
        one.name
        for one in tasks.tasks
        if one is not task and not (here.look and one.name in here.look.routes)
    ]:
        say(console, _asked_alone(task, not_asked))
    document = _report(settings, task, places, output, console, run=run)
    for one in runs:
        for line in (*cap_lines(one), *_whole(one)):
            say(console, line)
    if settings.json:
        print_document(document)
    return max(int(one["exit_status"]) for one in runs)


def _own_name(tasks: Tasks, task: str, route: Route) -> str:
    return route_name(route, tasks.task(task).route)


def _look(tasks: Tasks, task: Task) -> JointRoute | None:
    """The tasks that share a request with this one, each by its own route with one image."""
    able = [one for one in tasks.tasks if can_be_calibrated(one)]
    alone = {one.name: next(iter(variations(one.route, ()).values())).route for one in able}
    return shared_route(tasks, task.name, alone)


def _check_tier(task: Task) -> None:
    """Refuse the tier of which answers may come tomorrow."""
    if task.route.service_tier is ServiceTier.BATCH:
        raise InputError(
            f"measure asks {_SAMPLE} images or so, and batch may take a day to answer. Give "
            "--service_tier=standard: the tokens are the same, and batch costs half."
        )


def _check_also(settings: Settings) -> None:
    if settings.also and settings.gemini in (settings.also, ServiceKind.EMULATOR):
        raise InputError(
            f"--also={settings.also}: give it beside the other one of --gemini=developer and "
            "--gemini=vertex. To try it for nothing, start tierwise emulator, which speaks as "
            "both, and give its address as --gemini_endpoint."
        )


def _elsewhere(here: _Place, left_usd: str) -> _Place:
    """The task's own route at the other service, for what the cap has left."""
    service, output = here.settings.also, join(here.output, here.settings.also)
    changed = {"gemini": service, "output": output, "max_cost_usd": left_usd}
    name, own = next(iter(here.varied.items()))
    settings = Settings(**{**vars(here.settings), **changed})
    return _Place(settings, output, {name: replace(own, varied="endpoint")}, f" at {service}")


def _task(tasks: Tasks) -> Task:
    able = next((task for task in tasks.tasks if can_be_calibrated(task)), None)
    if able is None:
        raise InputError(
            "--tasks: no task looks at single images alone, so that nothing can be measured. Add "
            "one without `per`, `input: text` and other tasks' names in its prompt."
        )
    return able


def _whole(run: dict[str, Any]) -> Iterator[str]:
    """What all would have cost that a cap kept from being asked."""
    if Reason.OVER_BUDGET in run["failures"] and "forecast" in run:
        row = run["forecast"]
        yield (f"All that was left to ask is forecast at ${row['cost_usd']}, {most(row)}.")


def _asked_alone(task: Task, others: Sequence[str]) -> str:
    return (
        f"Measured with the task {task.name}, the first that looks at single images, and those "
        f"that share its requests. Not asked: {', '.join(others)}. To measure another, put it "
        "first in the tasks file."
    )


def _sample(settings: Settings) -> tuple[str, str]:
    """The output folder, and in it a manifest of the sample."""
    found = input_of(settings)
    names = [name for name in sampled_names(found) if isinstance(name, Named)]
    if settings.sample and settings.sample > len(names):
        has = "the archive has" if found.about is None else "of the archive are looked at"
        raise InputError(f"--sample={settings.sample}: {has} {len(names)} files. Ask for fewer.")
    try:
        chosen = stratified(names, settings.sample or _SAMPLE, Limits())
    except StoreError as error:
        raise InputError(f"--input: no picture could be read: {error.message}") from error
    if not chosen:
        raise InputError(f"--input={settings.input}: no picture could be read.")
    output = writable(settings.output)
    manifest = join(output, _MANIFEST)
    files_for(manifest).write(manifest, manifest_of(chosen))
    return output, manifest


def _report(
    settings: Settings,
    task: Task,
    places: Sequence[_Place],
    output: str,
    console: Console,
    *,
    run: Mapping[str, Any],
) -> dict[str, Any]:
    """Print and write what was measured; returns the content of `measurement.json`."""
    emulated = run["emulated"]
    found = [one for place in places for one in place.measured(task.name)]
    routes = [one.figures for one in found if one.figures]
    unanswered = without_answer({one.name: one.unanswered for one in found})
    print_measurement(routes, unanswered, len(found), task.name, console, emulated=emulated)
    ways, look = places[0].looks(), places[0].look
    looks = measured_looks({way: list(some.values()) for way, some in ways.items()})
    if look and looks:
        print_looks(looks, look.tasks, console, emulated=emulated)
    document = {
        "format": 2,
        "tierwise": VERSION,
        "emulated": emulated,
        "gemini": settings.gemini,
        "measured_at": run["ended_at"],
        "task": task.name,
        "model": task.route.model,
        "routes": routes,
        "without_answer": unanswered,
        "look": {"tasks": look.tasks, "ways": looks} if look else None,
    }
    files = files_for(output)
    written = _ANY.dump_json(document, indent=2) + b"\n"
    files.write(join(output, _TOTALS), written)
    own = trial_name(task.name, next(iter(places[0].varied)))
    looked = {name: images for some in ways.values() for name, images in some.items()}
    images = {one.name: one.images for one in found}
    images |= {name: some for name, some in looked.items() if name != own}
    files.write(join(output, _TABLE), measurement_parquet(images))
    if routes:
        plot = tokens_plot(task.name, routes, emulated=emulated)
        files.write(join(output, _PLOT), plot.png())
        files.write(join(output, MEASUREMENT_PLOT), plot.svg().encode())
    return _ANY.validate_json(written)
