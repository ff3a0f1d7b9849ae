"""`tierwise measure`: asks a sample in several ways, and reads the tokens back that were billed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter
from rich.console import Console

from answering.stratified import stratified
from beam_pipeline.ask_trials import ask_trials
from beam_pipeline.asked import tasks_of
from beam_pipeline.beam_options import beam_options
from beam_pipeline.carry_out import check_reachable
from beam_pipeline.command_line import Settings
from beam_pipeline.flags.flag import MEASURE
from beam_pipeline.labelled import manifest_of
from beam_pipeline.launch import writable
from beam_pipeline.measurement_table import measurement_parquet, print_measurement
from beam_pipeline.observations import Left
from beam_pipeline.trials import Trials, trial_name
from beam_pipeline.version import VERSION
from gemini_api.service import Kind
from storage.files import files_for, join
from storage.listing import Named, find_input, list_names
from tierwise.calibration.labelling import can_be_calibrated
from tierwise.errors import InputError
from tierwise.images.limits import Limits
from tierwise.measurement import Variation, measured_route, variations
from tierwise.plots.tokens_plot import tokens_plot
from tierwise.tasks import Task, Tasks

_SAMPLE = 24
_MANIFEST = "sample.jsonl"
_TABLE, _TOTALS, _PLOT = "measurement.parquet", "measurement.json", "measurement.png"
_ANY = TypeAdapter(dict[str, Any])


def main(settings: Settings, beam_flags: tuple[str, ...]) -> int:
    """Measure and return the exit status."""
    options = beam_options(beam_flags, MEASURE)
    check_reachable(settings, options)
    tasks = tasks_of(settings)
    task = _task(tasks)
    models = [name.strip() for name in (settings.models or "").split(",") if name.strip()]
    varied = variations(task.route, models)
    output, manifest = _sample(settings)
    trials = Trials({task.name: {name: one.route for name, one in varied.items()}})
    run = ask_trials(trials.tasks(tasks), manifest, settings, options, Console(stderr=True))
    if run is None:
        return 1
    _report(settings, task, varied, output, emulated=run["emulated"])
    return int(run["exit_status"])


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
    settings: Settings, task: Task, varied: Mapping[str, Variation], output: str, *, emulated: bool
) -> None:
    left = Left(output)
    images = {name: left.measured(trial_name(task.name, name)) for name in varied}
    vertex = Kind(settings.gemini) is Kind.VERTEX
    figures = [
        measured_route(
            name, varied[name], some, left.unanswered(trial_name(task.name, name)), vertex=vertex
        )
        for name, some in images.items()
    ]
    routes = [one for one in figures if one is not None]
    print_measurement(routes, task.name, emulated=emulated)
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
    files.write(join(output, _TOTALS), _ANY.dump_json(document, indent=2) + b"\n")
    files.write(join(output, _TABLE), measurement_parquet(images))
    if routes:
        plot = tokens_plot(task.name, routes, emulated=emulated)
        files.write(join(output, _PLOT), plot.png())
