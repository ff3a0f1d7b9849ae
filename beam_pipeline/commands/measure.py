"""`tierwise measure`: asks a sample in several ways, and reads the tokens back that were billed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions
from pydantic import TypeAdapter
from rich.console import Console

from answering.stratified import stratified
from beam_pipeline.ask_trials import ask_trials
from beam_pipeline.asked import tasks_of
from beam_pipeline.beam_options import beam_options
from beam_pipeline.command_line import Settings
from beam_pipeline.flags.flag import MEASURE
from beam_pipeline.labelled import manifest_of
from beam_pipeline.launch import writable
from beam_pipeline.measurement_table import measurement_parquet, print_measurement
from beam_pipeline.observations import Left
from beam_pipeline.reach import check_reachable, check_waits
from beam_pipeline.screen import print_document, screen
from beam_pipeline.trial_names import trial_name
from beam_pipeline.trials import Trials
from beam_pipeline.version import VERSION
from gemini_api.service import Kind
from storage.files import files_for, join
from storage.listing import Named, find_input, list_names
from tierwise.calibration.labelling import can_be_calibrated
from tierwise.errors import InputError
from tierwise.images.limits import Limits
from tierwise.measurement import (
    Measured,
    MeasuredRoute,
    Variation,
    measured_route,
    variations,
)
from tierwise.plots.tokens_plot import tokens_plot
from tierwise.tasks import Task, Tasks
from transforms.page_plots import MEASUREMENT_PLOT

_SAMPLE = 24
_MANIFEST = "sample.jsonl"
_TABLE, _TOTALS, _PLOT = "measurement.parquet", "measurement.json", "measurement.png"
_ANY = TypeAdapter(dict[str, Any])


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the sample is asked, and at which routes; `suffix` tells their names apart."""

    settings: Settings
    output: str
    varied: Mapping[str, Variation]
    suffix: str = ""

    def ask(self, task: Task, manifest: str, options: PipelineOptions) -> dict[str, Any] | None:
        """`run.json`, or None when the run broke off."""
        routes = {name: one.route for name, one in self.varied.items()}
        tasks = Trials({task.name: routes}).tasks(tasks_of(self.settings))
        return ask_trials(tasks, manifest, self.settings, options, Console(stderr=True))

    def measured(self, task: str) -> Iterator[tuple[str, Sequence[Measured], MeasuredRoute | None]]:
        """By route its images and its figures, None where no image was answered."""
        left, vertex = Left(self.output), Kind(self.settings.gemini) is Kind.VERTEX
        for route, variation in self.varied.items():
            name, trial = f"{route}{self.suffix}", trial_name(task, route)
            images, unanswered = left.measured(trial), left.unanswered(trial)
            yield name, images, measured_route(name, variation, images, unanswered, vertex=vertex)


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Measure and return the exit status."""
    options = beam_options(beam_flags, MEASURE)
    check_waits(options, MEASURE)
    check_reachable(settings, options)
    task = _task(tasks_of(settings))
    models = [name.strip() for name in (settings.models or "").split(",") if name.strip()]
    varied = variations(task.route, models)
    _check_also(settings)
    output, manifest = _sample(settings)
    here = _Place(settings, output, varied)
    if (run := here.ask(task, manifest, options)) is None:
        return 1
    places, status = [here], int(run["exit_status"])
    if settings.also:
        there = _elsewhere(here, left_usd=run["cap"]["left_usd"])
        if (other := there.ask(task, manifest, options)) is None:
            return 1
        places, status = [here, there], max(status, int(other["exit_status"]))
    _report(settings, task, places, output, emulated=run["emulated"])
    return status


def _check_also(settings: Settings) -> None:
    if settings.also and settings.gemini in (settings.also, Kind.EMULATOR):
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


def _sample(settings: Settings) -> tuple[str, str]:
    """The output folder, and in it a manifest of the sample."""
    found = find_input(settings.input, excluded=settings.output)
    names = [name for name in list_names(found) if isinstance(name, Named)]
    if settings.sample and settings.sample > len(names):
        raise InputError(
            f"--sample={settings.sample}: the archive has {len(names)} files. Ask for fewer."
        )
    chosen = stratified(names, settings.sample or _SAMPLE, Limits())
    if not chosen:
        raise InputError(f"--input={settings.input}: no picture could be read.")
    output = writable(settings.output)
    manifest = join(output, _MANIFEST)
    files_for(manifest).write(manifest, manifest_of(chosen))
    return output, manifest


def _report(
    settings: Settings, task: Task, places: Sequence[_Place], output: str, *, emulated: bool
) -> None:
    images: dict[str, Sequence[Measured]] = {}
    routes: list[MeasuredRoute] = []
    for place in places:
        for name, some, figures in place.measured(task.name):
            images[name] = some
            routes += [figures] if figures else []
    print_measurement(routes, task.name, screen(json_wanted=settings.json), emulated=emulated)
    document = {
        "format": 1,
        "tierwise": VERSION,
        "emulated": emulated,
        "gemini": settings.gemini,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "task": task.name,
        "model": task.route.model,
        "routes": routes,
    }
    files = files_for(output)
    written = _ANY.dump_json(document, indent=2) + b"\n"
    files.write(join(output, _TOTALS), written)
    files.write(join(output, _TABLE), measurement_parquet(images))
    if routes:
        plot = tokens_plot(task.name, routes, emulated=emulated)
        files.write(join(output, _PLOT), plot.png())
        files.write(join(output, MEASUREMENT_PLOT), plot.svg().encode())
    if settings.json:
        print_document(json.loads(written))
